// A stand-in for Salesforce Setup: the installed packages, and the removal of one (P3).
//
// Hooks for browser tests (data-testid): salesforce-uninstall-<namespace>, salesforce-keep,
// salesforce-no-keep, salesforce-consent, salesforce-confirm, salesforce-cancel, salesforce-error,
// salesforce-status, salesforce-result, salesforce-blocker-<id>, salesforce-resolve-<id>,
// salesforce-copy, salesforce-download, salesforce-tab-packages, mail, back-to-chat.

import { api } from "./api.js";
import { ago } from "./dates.js";
import { me, moment, now, number } from "./directory.js";
import { h, uid } from "./dom.js";
import { orToast } from "./layer.js";
import { actionButton, dataTable, facts, mailCard, startPage, tabs } from "./service.js";

let org = null;
const choice = { keep: null, consent: false, error: "" };

async function load() {
  org = await api.salesforce();
  return org;
}

function draw() {
  if (!org) return;
  tabs(document.getElementById("tabs"), [["#/", "Installed Packages", "salesforce-tab-packages"]]);
  const removing = location.hash === "#/uninstall" && org.installed;
  const view = removing ? (org.uninstalling ? [waiting()] : uninstallScreen()) : packages();
  document.getElementById("content").replaceChildren(...view, ...blockers(), ...mails());
}

// P3a–b

function packages() {
  const action = h("a", { class: "button small-button", href: "#/uninstall", data: { testid: `salesforce-uninstall-${org.namespace}`, focusKey: "salesforce-uninstall" } }, "Uninstall");
  const rows = org.installed ? [[org.uninstalling ? "Uninstalling…" : action, org.name, "HubSpot, Inc.", org.version, org.namespace]] : [];
  return [
    h("section", { class: "card", data: { testid: "salesforce-status" } },
      h("h1", {}, "Installed Packages"),
      org.installed
        ? dataTable("Installed packages", ["Action", "Package name", "Publisher", "Version", "Namespace prefix"], rows)
        : h("p", { class: "quiet" }, "No packages are installed.")),
    ...(org.uninstalling ? [waiting()] : []),
    ...(org.uninstalled_at ? [uninstalled()] : []),
  ];
}

const copyIsThere = () => Boolean(org.copy.kept && org.copy.until && new Date(org.copy.until).valueOf() > now());

function copyState() {
  const { until } = org.copy;
  if (!until) return "no copy was kept: the data cannot be reached any more";
  const end = new Date(until);
  if (!copyIsThere()) return `gone since ${moment(until)}`;
  return `kept until ${moment(until)} (${ago(end)})`;
}

function uninstalled() {
  return h("section", { class: "card", data: { testid: "salesforce-result" } },
    h("h2", {}, "Uninstalled Packages"),
    h("p", { class: "banner banner-ok" }, `${org.name} was uninstalled.`),
    facts([
      ["Package", org.name], ["Uninstalled", moment(org.uninstalled_at)],
      ["Copy of the data", h("span", { data: { testid: "salesforce-copy" } }, copyState())],
    ]),
    copyIsThere() ? h("div", {}, actionButton("Download the data", "salesforce-download", "", download)) : null);
}

// The real export holds the records; the stand-in's only says what it stands for.
async function download() {
  const file = new Blob([`Package,Uninstalled\n${org.name},${org.uninstalled_at}\n`], { type: "text/csv" });
  const address = URL.createObjectURL(file);
  h("a", { href: address, download: "package-data.csv" }).click();
  URL.revokeObjectURL(address);
}

function waiting() {
  return h("section", { class: "card", role: "status", data: { testid: "salesforce-waiting" } },
    h("h2", {}, "Your uninstall is being processed"), h("p", { "aria-busy": "true" }, "You get a mail when it is done."));
}

// P3c–f

function uninstallScreen() {
  const [keepId, noKeepId, consentId, errorId] = ["keep", "nokeep", "consent", "error"].map(uid);
  const radio = (id, value, testid) => {
    const node = h("input", { type: "radio", name: "copy", id, value: String(value), data: { testid, focusKey: testid }, onchange: () => { choice.keep = value; sync(); } });
    node.checked = choice.keep === value;
    return node;
  };
  const consent = h("input", { type: "checkbox", id: consentId, data: { testid: "salesforce-consent", focusKey: "salesforce-consent" }, onchange: () => { choice.consent = consent.checked; sync(); } });
  consent.checked = choice.consent;
  const error = h("p", { class: "error", id: errorId, role: "alert", data: { testid: "salesforce-error" } }, choice.error);
  const confirm = actionButton("Uninstall", "salesforce-confirm", "danger", uninstall, { "aria-describedby": errorId });
  const sync = () => {
    confirm.classList.toggle("dim", choice.keep === null || !choice.consent);
    choice.error = "";
    error.replaceChildren();
  };
  confirm.classList.toggle("dim", choice.keep === null || !choice.consent);
  const names = Object.entries(org.objects ?? {});
  return [h("section", { class: "card" },
    h("h1", {}, "Uninstalling a package"),
    h("p", {}, "Uninstalling this package deletes for good every component and custom object below, with the customisations, data, reports and relationships that hang on them."),
    facts([["Package", org.name], ["Version", org.version], ["Namespace prefix", org.namespace]]),
    h("h2", {}, `Custom objects (${number(names.length)})`),
    names.length ? dataTable("Custom objects", ["Object", "Records"], names) : h("p", { class: "quiet" }, "None."),
    h("h2", {}, `Package components (${number(org.components.length)})`),
    dataTable("Package components", ["Type", "Name"], org.components.map((one) => [one.type, one.name])),
    h("fieldset", { class: "choices" }, h("legend", {}, "Package data"),
      h("label", { class: "choice", for: keepId }, radio(keepId, true, "salesforce-keep"), h("span", {}, "Save a copy of this package's data for 48 hours after uninstall")),
      h("label", { class: "choice", for: noKeepId }, radio(noKeepId, false, "salesforce-no-keep"), h("span", {}, "Do not save a copy of this package's data after uninstall"))),
    h("label", { class: "choice consent", for: consentId }, consent, h("span", {}, "Yes, I want to uninstall this package and permanently delete all associated components")),
    error,
    h("div", { class: "foot" }, h("a", { class: "button", href: "#/", data: { testid: "salesforce-cancel" } }, "Cancel"), confirm))];
}

async function uninstall() {
  choice.error = choice.keep === null ? "Choose whether a copy of the data is saved." : "";
  if (!choice.error && !choice.consent) choice.error = "Tick the box to say that you want to uninstall this package.";
  if (!choice.error) {
    try {
      await api.uninstall(me().id, choice.keep, choice.consent);
      Object.assign(choice, { keep: null, consent: false });
      location.hash = "#/";
    } catch (problem) {
      choice.error = problem.message;
    }
  }
  const error = document.querySelector('[data-testid="salesforce-error"]');
  if (error) error.textContent = choice.error;
  await refresh();
}

function blockers() {
  const open = (org.blockers ?? []).filter((one) => one.visible && !one.resolved);
  if (!open.length) return [];
  return [h("section", { class: "card" },
    h("h2", {}, "What refers to the package"),
    h("p", {}, "As long as something outside the package refers to it, the uninstall fails. Here each can be removed, as a Salesforce administrator would."),
    dataTable("References to the package", ["Type", "Name", "Refers to", "Problem", ""], open.map((one) => ({
      attributes: { "data-testid": `salesforce-blocker-${one.id}` },
      cells: [one.type, one.name, one.refers_to, one.problem, actionButton("Remove", `salesforce-resolve-${one.id}`, "small-button", () => resolve(one), { "aria-label": `Remove ${one.name}` })],
    }))))];
}

async function resolve(blocker) {
  await orToast(() => api.resolveBlocker(blocker.id));
  await refresh();
}

function mails() {
  if (!org.mail?.length) return [];
  const body = (mail) => mail.lines.map((line) => h("p", { class: "mail-line" }, line));
  return [h("section", { class: "inbox", "aria-label": "Inbox" }, h("h2", { class: "strip-title" }, "Inbox"), org.mail.toReversed().map((mail) => mailCard(mail, body(mail))))];
}

const refresh = startPage({ load, draw });
