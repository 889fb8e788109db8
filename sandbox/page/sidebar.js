// The list at the left: channels, the app, and the way to the two other pages.

import { me, world } from "./directory.js";
import { avatar, h, icon, reconcile } from "./dom.js";

function entry({ key, href, testid, label, mark, current, unread, away }) {
  return {
    key,
    signature: JSON.stringify([href, label, current, unread && !current, away]),
    render: () => h("li", {}, h("a", { href, class: `entry ${unread && !current ? "unread" : ""}`, "aria-current": current ? "page" : null, data: { testid, focusKey: testid } },
      mark(), h("span", { class: "entry-label" }, label),
      unread && !current ? h("span", { class: "unread-dot" }, h("span", { class: "visually-hidden" }, "unread")) : null,
      away ? h("span", { class: "entry-note" }, away) : null)),
  };
}

function heading(text) {
  return { key: `h-${text}`, signature: "", render: () => h("li", { class: "list-head" }, h("h2", {}, text)) };
}

/** Draw the list. */
export function drawSidebar(root, where, unread) {
  const viewer = me().id;
  const { bot, channels } = world();
  const rooms = channels.map((one) => entry({
    key: one.id, href: `#/c/${encodeURIComponent(one.id)}`, testid: `channel-${one.name}`, label: one.name, mark: () => icon("hash"),
    current: ["channel", "list"].includes(where.kind) && where.channel === one.id,
    unread: unread.has(viewer, one.id),
  }));
  const app = entry({
    key: "app", href: "#/dm", testid: "channel-dm", label: bot?.name ?? "App", mark: () => avatar("app", "", { app: true, size: "tiny" }),
    current: where.kind === "dm", unread: unread.has(viewer, viewer), away: bot?.connected === false ? "away" : "",
  });
  const home = entry({ key: "home", href: "#/home", testid: "app-home", label: "Home", mark: () => icon("home"), current: where.kind === "home", unread: false });
  const page = (key, label) => entry({ key, href: `/${key}?as=${encodeURIComponent(viewer)}`, testid: `open-${key}`, label, mark: () => icon("link"), current: false, unread: false });
  reconcile(root, [
    heading("Channels"), ...rooms,
    heading("Direct messages"), app, home,
    heading("The other services"), page("hubspot", "HubSpot"), page("salesforce", "Salesforce Setup"),
  ]);
}
