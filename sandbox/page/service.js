// What the HubSpot and the Salesforce page share: the bar, live updates, small drawing helpers.

import { api, watch } from "./api.js";
import { mountBar } from "./bar.js";
import { chatAddress, me, moment, number, setDirectory } from "./directory.js";
import { h, icon, keepFocus } from "./dom.js";
import { toast } from "./layer.js";

/**
 * Start a page.
 * @param {{load: () => Promise<void>, draw: () => void}} page `load` asks the service, `draw` shows it
 * @returns {() => Promise<void>} refresh now
 */
export function startPage({ load, draw }) {
  let refresh = async () => {};
  const bar = mountBar(document.getElementById("bar"), { onPerson: () => refresh(), refresh: () => refresh() });
  let shown = "";
  const show = () => {
    bar.update();
    for (const link of document.querySelectorAll("a[data-page]")) {
      link.href = link.dataset.page === "/" ? chatAddress() : `${link.dataset.page}?as=${encodeURIComponent(me().id)}`;
    }
    keepFocus(draw);
  };
  refresh = watch(async () => {
    try {
      setDirectory(await api.state());
      const before = shown;
      shown = JSON.stringify([await load(), me().id, location.hash]);
      bar.online(true);
      if (shown !== before) show();
      else bar.update();
    } catch (error) {
      if (error.code === "unreachable") bar.online(false);
      else toast(error.message);
    }
  }, (online) => bar.online(online));
  window.addEventListener("hashchange", () => {
    show();
    document.getElementById("content").focus();
  });
  refresh();
  return refresh;
}

/** A button that does its work once at a time, showing that it is busy. */
export function actionButton(label, testid, kind, work, attributes = {}) {
  const node = h("button", { type: "button", class: `button ${kind}`, data: { testid, focusKey: testid }, ...attributes }, label);
  node.addEventListener("click", async () => {
    if (node.getAttribute("aria-busy") === "true" || node.getAttribute("aria-disabled") === "true") return;
    node.setAttribute("aria-busy", "true");
    await work();
    node.removeAttribute("aria-busy");
  });
  return node;
}

/** A definition list of facts. */
export function facts(pairs, attributes = {}) {
  return h("dl", { class: "facts", ...attributes }, pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** A plain table; cells that are numbers stand right. */
export function dataTable(caption, head, rows, attributes = {}) {
  const kind = (value) => (typeof value === "number" ? "number" : null);
  const first = rows[0]?.cells ?? rows[0] ?? [];
  const cell = (value) => h("td", { class: kind(value) }, kind(value) ? number(value) : value);
  return h("div", { class: "data-table", tabindex: "0", role: "region", "aria-label": caption },
    h("table", attributes, h("caption", { class: "visually-hidden" }, caption),
      h("thead", {}, h("tr", {}, head.map((one, index) => h("th", { scope: "col", class: kind(first[index]) }, one)))),
      h("tbody", {}, rows.map((row) => h("tr", row.attributes ?? {}, (row.cells ?? row).map(cell))))));
}

/** One mail in an inbox strip. */
export function mailCard({ to, subject, at }, body, action) {
  return h("article", { class: "mail", data: { testid: "mail" } }, h("span", { class: "mail-icon" }, icon("mail", 20)),
    h("div", { class: "mail-text" }, h("h3", {}, subject), h("p", { class: "quiet" }, [to ? `To ${to}` : "", at ? moment(at) : ""].filter(Boolean).join(" · ")), body),
    action ?? null);
}

/** The tabs of a page; the current one follows the address. */
export function tabs(root, entries) {
  const at = location.hash || "#/";
  root.replaceChildren(...entries.map(([href, label, testid]) =>
    h("a", { href, class: "service-tab", "aria-current": at === href ? "page" : null, data: { testid, focusKey: testid } }, label)));
}
