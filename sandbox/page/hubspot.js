// A stand-in for HubSpot's pages: the Salesforce integration (P1), the owner cleanup page (P2).
//
// Hooks for browser tests (data-testid): hubspot-disconnect, hubspot-continue, hubspot-reason
// (a native select), hubspot-phrase, hubspot-uninstall, hubspot-cancel, hubspot-error,
// hubspot-status, hubspot-tab-app, hubspot-tab-cleanup, hubspot-tab-records, hubspot-go-cleanup,
// hubspot-delete-owners, hubspot-got-it, hubspot-owner-<id>, hubspot-records-object,
// hubspot-records-owner, mail, back-to-chat.

import { api } from "./api.js";
import { me, moment, number } from "./directory.js";
import { h, uid } from "./dom.js";
import { ask, orToast, showDialog, toast } from "./layer.js";
import { dataTable, facts, mailCard, startPage, tabs } from "./service.js";

const PHRASE = "Uninstall Salesforce";
const REASONS = [
  "We no longer use Salesforce", "We are moving to another CRM", "We are replacing it with another integration",
  "It costs too much", "Something does not work", "Other",
];
const REASSIGNED = ["contacts", "companies", "deals"]; // what the procedure gives new owners (P2b)
const OBJECTS = [...REASSIGNED, "tickets", "tasks", "calls", "meetings", "notes", "emails"];
const RECORDS_SHOWN = 50;

let hubspot = null;
let records = [];
const filter = { object: "contacts", owner: "" };

const nameOf = (owner) => owner.name || owner.email || owner.id;
const salesforceOwners = () => hubspot.owners.filter((owner) => owner.salesforce_only);
const countsOf = (owner) => hubspot.counts[owner.id] ?? {};
const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
const reassignable = (counts) => REASSIGNED.reduce((sum, name) => sum + (counts[name] ?? 0), 0);

async function load() {
  hubspot = await api.hubspot();
  records = location.hash === "#/records" ? (await api.records(filter.object, filter.owner || allOwners()[0]?.id, RECORDS_SHOWN)).records : [];
  return [hubspot, records, filter];
}

function draw() {
  if (!hubspot) return;
  tabs(document.getElementById("tabs"), [
    ["#/", "Connected apps › Salesforce", "hubspot-tab-app"],
    ["#/cleanup", "Owner cleanup", "hubspot-tab-cleanup"],
    ["#/records", "Owners and records", "hubspot-tab-records"],
  ]);
  document.getElementById("account").textContent = `Account ${hubspot.portal_id}`;
  const view = { "#/cleanup": cleanup, "#/records": recordsView }[location.hash] ?? integration;
  document.getElementById("content").replaceChildren(...inbox(), ...view());
}

function inbox() {
  if (!hubspot.mail) return [];
  const go = h("a", { class: "button primary", href: "#/cleanup", data: { testid: "hubspot-go-cleanup", focusKey: "hubspot-go-cleanup" } }, "Go to owner cleanup page");
  const text = h("p", {}, "Salesforce is uninstalled. Some contacts, companies and deals still belong to users who exist in Salesforce alone. Give each a HubSpot owner; then clean the Salesforce owners up.");
  return [h("section", { class: "inbox", "aria-label": "Inbox" }, h("h2", { class: "strip-title" }, "Inbox"), mailCard(hubspot.mail, text, go))];
}

// P1: the integration

function integration() {
  const status = h("span", { class: `status ${hubspot.connected ? "on" : "off"}`, data: { testid: "hubspot-status" } }, hubspot.connected ? "Connected" : "Disconnected");
  const button = hubspot.connected ? h("button", { class: "button danger-outline", type: "button", data: { testid: "hubspot-disconnect", focusKey: "hubspot-disconnect" }, onclick: disconnect }, "Disconnect") : null;
  const about = hubspot.connected
    ? h("p", {}, "Contacts, companies, deals and activities sync both ways with Salesforce.")
    : h("p", {}, "The integration is uninstalled. Records that came from Salesforce and their “Salesforce Information” properties stayed. The HubSpot package in Salesforce is uninstalled there.");
  return [h("section", { class: "card" },
    h("div", { class: "card-head" }, h("div", {}, h("h1", {}, "Salesforce"), status), button),
    about,
    facts([
      ["Last sync", hubspot.last_sync ? moment(hubspot.last_sync, { dateStyle: "medium", timeStyle: "medium" }) : "–"],
      ["Disconnected", hubspot.disconnected_at ? moment(hubspot.disconnected_at) : "no"],
      ["Reason given", hubspot.disconnect_reason ?? "–"],
      ["Salesforce owners", number(salesforceOwners().length)],
    ]))];
}

async function disconnect() {
  const going = await ask({
    title: "Disconnect Salesforce from HubSpot?",
    testid: "hubspot-what-goes",
    body: [
      h("h3", {}, "What goes"),
      h("ul", {}, h("li", {}, "the integration's settings"), h("li", {}, "the contact, company and deal field mappings")),
      h("h3", {}, "What stays"),
      h("ul", {}, h("li", {}, "contacts, companies, deals and activities that came from Salesforce"), h("li", {}, "the “Salesforce Information” properties and their values"), h("li", {}, "the HubSpot package in Salesforce: uninstall it there")),
      h("p", {}, "Workflow actions that speak to Salesforce stay in their workflows but no longer run."),
    ],
    buttons: [
      { label: "Cancel", value: false, testid: "hubspot-cancel" },
      { label: "Continue", value: true, kind: "primary", testid: "hubspot-continue" },
    ],
  });
  if (going) uninstallDialog();
}

function uninstallDialog() {
  const [titleId, reasonId, phraseId, errorId] = ["title", "reason", "phrase", "error"].map(uid);
  const reason = h("select", { id: reasonId, class: "text-input", data: { testid: "hubspot-reason" } },
    h("option", { value: "" }, "Choose a reason"), REASONS.map((one) => h("option", { value: one }, one)));
  const phrase = h("input", { id: phraseId, class: "text-input", type: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": errorId, data: { testid: "hubspot-phrase" } });
  const error = h("p", { class: "error", id: errorId, role: "alert", data: { testid: "hubspot-error" } });
  const submit = h("button", { class: "button danger", type: "submit", data: { testid: "hubspot-uninstall" } }, "Uninstall Salesforce");
  const ready = () => {
    error.replaceChildren();
    submit.classList.toggle("dim", !(reason.value && phrase.value === PHRASE));
  };
  const send = async (event) => {
    event.preventDefault();
    if (submit.getAttribute("aria-busy") === "true") return;
    submit.setAttribute("aria-busy", "true");
    try {
      await api.disconnect(me().id, reason.value, phrase.value);
      close();
      toast("Salesforce is uninstalled from HubSpot.", "info");
      await refresh();
    } catch (problem) {
      error.textContent = problem.message;
      (reason.value ? phrase : reason).focus();
    }
    submit.removeAttribute("aria-busy");
  };
  const dialog = h("dialog", { class: "dialog small", "aria-labelledby": titleId, data: { testid: "hubspot-dialog" } },
    h("form", { onsubmit: send, novalidate: true, oninput: ready },
      h("div", { class: "dialog-head" }, h("h2", { id: titleId }, "Uninstall Salesforce")),
      h("div", { class: "dialog-body" },
        h("label", { class: "input-label", for: reasonId }, "Why do you uninstall the integration?"), reason,
        h("label", { class: "input-label", for: phraseId }, "Type ", h("strong", {}, PHRASE), " to go on"), phrase, error),
      h("div", { class: "dialog-foot" }, h("button", { class: "button", type: "button", data: { testid: "hubspot-cancel" }, onclick: () => close() }, "Cancel"), submit)));
  const close = showDialog(dialog, () => close());
  ready();
  reason.focus();
}

// P2: the owner cleanup page

function cleanup() {
  const owners = salesforceOwners();
  const left = owners.reduce((sum, owner) => sum + reassignable(countsOf(owner)), 0);
  const others = owners.reduce((sum, owner) => sum + total(countsOf(owner)), 0) - left;
  const button = h("button", { class: "button danger", type: "button", disabled: !owners.length, data: { testid: "hubspot-delete-owners", focusKey: "hubspot-delete-owners" }, onclick: () => deleteOwners(owners.length, left) }, "Delete Salesforce owners");
  const note = !owners.length
    ? h("p", { class: "banner banner-ok" }, "There are no Salesforce owners left.")
    : left
      ? h("p", { class: "banner banner-warn" }, `${number(left)} contacts, companies and deals still belong to Salesforce owners. Reassign them first: after the deletion they would belong to nobody.`)
      : h("p", { class: "banner banner-ok" }, "No contact, company or deal belongs to a Salesforce owner any more. The owners can be deleted.");
  const rest = others ? h("p", { class: "quiet" }, `Other records, such as tasks and tickets, are not part of the reassignment: ${number(others)} keep the name of their old owner.`) : null;
  return [h("section", { class: "card" },
    h("div", { class: "card-head" }, h("h1", {}, "Owner cleanup"), button),
    h("p", {}, "Users who exist in Salesforce alone, and how many records each owns in HubSpot."), note, rest,
    owners.length ? ownerTable("Salesforce owners", owners) : null)];
}

function usedObjects(owners) {
  const used = new Set(owners.flatMap((owner) => Object.keys(countsOf(owner))));
  return OBJECTS.filter((name) => used.has(name) || REASSIGNED.includes(name));
}

function ownerTable(caption, owners, extra = () => []) {
  const objects = usedObjects(owners);
  return dataTable(caption, ["Owner", "E-mail", ...extra(null), ...objects.map((name) => name[0].toUpperCase() + name.slice(1)), "Total"], owners.map((owner) => ({
    attributes: { "data-testid": `hubspot-owner-${owner.id}` },
    cells: [nameOf(owner), owner.email ?? (owner.type === "QUEUE" ? "queue" : "–"), ...extra(owner), ...objects.map((name) => countsOf(owner)[name] ?? 0), total(countsOf(owner))],
  })));
}

async function deleteOwners(count, left) {
  const yes = await ask({
    title: "Delete Salesforce owners",
    testid: "hubspot-delete-dialog",
    body: [
      h("p", {}, `${number(count)} Salesforce owner${count === 1 ? "" : "s"} will be deleted from HubSpot for good. Nothing changes in Salesforce.`),
      left ? h("p", { class: "banner banner-warn" }, `${number(left)} contacts, companies and deals still belong to them and would be left without a usable owner.`) : null,
    ],
    buttons: [{ label: "Cancel", value: false, testid: "hubspot-cancel" }, { label: "Got it", value: true, kind: "primary", testid: "hubspot-got-it" }],
  });
  if (!yes) return;
  const answer = await orToast(() => api.deleteOwners(me().id));
  if (answer) toast("The Salesforce owners are deleted.", "info");
  await refresh();
}

// Owners and records

const allOwners = () => [...hubspot.owners, ...hubspot.archived_owners];
const kindOf = (owner) => (owner.salesforce_only ? "Salesforce only" : "HubSpot") + (owner.archived ? ", deactivated or deleted" : "");

function recordsView() {
  const owners = allOwners();
  const choose = (label, testid, options, value, pick) => {
    const id = uid("filter");
    const field = h("select", { id, class: "text-input", data: { testid, focusKey: testid }, onchange: () => { pick(field.value); refresh(); } }, options.map(([key, text]) => h("option", { value: key }, text)));
    field.value = value;
    return h("div", {}, h("label", { class: "input-label", for: id }, label), field);
  };
  return [
    h("section", { class: "card" }, h("h1", {}, "Owners"), ownerTable("Owners and their records", owners, (owner) => [owner ? kindOf(owner) : "Kind"])),
    h("section", { class: "card" }, h("h2", {}, "Records"),
      h("div", { class: "filters" },
        choose("Object", "hubspot-records-object", OBJECTS.map((name) => [name, name]), filter.object, (value) => { filter.object = value; }),
        choose("Owner", "hubspot-records-owner", owners.map((owner) => [owner.id, nameOf(owner)]), filter.owner || owners[0]?.id, (value) => { filter.owner = value; })),
      records.length
        ? dataTable("Records", ["Id", "Name", "Last sync with Salesforce"], records.map((record) => [record.id, title(record.properties), moment(record.properties.salesforcelastsynctime)]))
        : h("p", { class: "quiet" }, "No such records.")),
  ];
}

function title(properties) {
  const person = [properties.firstname, properties.lastname].filter(Boolean).join(" ");
  const known = person || properties.name || properties.dealname || properties.subject || properties.hs_task_subject;
  return known || properties.email || properties.domain || "–";
}

const refresh = startPage({ load, draw });
window.addEventListener("hashchange", () => refresh());
