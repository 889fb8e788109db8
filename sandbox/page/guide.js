// What stands at the beginning of a channel: in the first one, how a rehearsal goes.

import { me, world } from "./directory.js";
import { h } from "./dom.js";

const first = (one) => one.name.split(" ")[0];
const named = (people) => people.map(first).join(" and ");
const withRole = (role) => world().people.filter((one) => one.role === role);

function steps() {
  const starter = withRole("administrator")[0];
  const approvers = withRole("approver");
  return [
    [h("strong", {}, "Start. "), starter ? `As ${first(starter)}, type ` : "Type ", h("code", {}, "/uninstall-salesforce"), " below and send it."],
    approvers.length ? [h("strong", {}, "Approve. "), `Become ${named(approvers)}, one after the other, by pressing their names in the bar at the top.`] : null,
    [h("strong", {}, "Go on in the thread. "), "It says what to do next, and who does it. What people do in HubSpot and Salesforce is done on the pages ",
      h("a", { href: `/hubspot?as=${encodeURIComponent(me().id)}` }, "HubSpot"), " and ", h("a", { href: `/salesforce?as=${encodeURIComponent(me().id)}` }, "Salesforce Setup"), "."],
    [h("strong", {}, "Let time pass. "), "At the end a copy of the data is kept for 48 hours: move the clock at the top ahead, and the reminders come."],
  ].filter(Boolean);
}

/**
 * The item for `reconcile` that opens a list of messages.
 * @param {{kind: string, channel: string}} where
 * @param {string} title the channel's name as it is shown
 */
export function openingItem(where, title) {
  const start = where.kind !== "dm" && where.channel === world().channels[0]?.id;
  const render = () => h("div", { class: "opening" },
    h("p", {}, where.kind === "dm" ? "This is the start of your messages with " : "This is the start of ", h("strong", {}, title), "."),
    start ? h("p", {}, "You rehearse the uninstall of the HubSpot–Salesforce integration. Everything happens on this machine; nothing reaches the real Slack, HubSpot or Salesforce.") : null,
    start ? h("ol", { class: "guide" }, steps().map((step) => h("li", {}, step))) : null);
  return { key: "opening", signature: `${where.channel}${title}${me().id}`, render };
}
