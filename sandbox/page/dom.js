// Building, reusing and focusing elements. Text from outside only ever becomes text nodes.

import { world } from "./directory.js";

/** @typedef {Node|string|number|null|undefined|false} Child */

/**
 * Make an element. `on…` properties are listeners, `data` is the dataset, booleans toggle
 * attributes, everything else is an attribute.
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...(Child|Child[])} children
 * @returns {HTMLElement & Record<string, any>}
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") setData(node, value);
    else if (name === "value") node.value = value;
    else if (value === true) node.setAttribute(name, "");
    else node.setAttribute(name, String(value));
  }
  append(node, children);
  return node;
}

function setData(node, data) {
  for (const [key, value] of Object.entries(data)) {
    if (value !== undefined && value !== null) node.dataset[key] = String(value);
  }
}

/** Append children, skipping what is empty. */
export function append(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

const ICONS = {
  hash: "M6 2.5 4.8 13.5M11.2 2.5 10 13.5M2.8 5.8h11M2.2 10.2h11",
  back: "M10 3 5 8l5 5",
  close: "m3.5 3.5 9 9m0-9-9 9",
  down: "m4 6 4 4 4-4",
  more: "M3.2 8h.01M8 8h.01M12.8 8h.01",
  send: "M2.5 13.5 14 8 2.5 2.5l1.6 5.5-1.6 5.5Zm1.6-5.5H9",
  reply: "M2.5 3h11v8h-6L4 13.8V11H2.5V3Z",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8Zm6.5 2a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9.5V8l2.5 1.6",
  file: "M4 1.8h5L12.2 5v9.2H4V1.8Zm5 0V5h3.2",
  home: "M2.5 7.5 8 2.8l5.5 4.7v6h-4v-4h-3v4h-4v-6Z",
  link: "M6.5 4H3.2v8.8H12V9.5M9 3h4v4m-.3-3.7L7.5 8.5",
  mail: "M1.8 3.5h12.4v9H1.8v-9Zm.4.5L8 8.7 13.8 4",
  warning: "M8 2 15 14H1L8 2Zm0 4.5v3.3m0 2v.1",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-7v4m0-6v.1",
  check: "m3 8.5 3.2 3L13 4.5",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14",
};

/** A small line drawing, hidden from screen readers. */
export function icon(name, size = 16) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("width", String(size));
  svg.setAttribute("height", String(size));
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon", `icon-${name}`);
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const HUES = [190, 158, 240, 24, 328, 96, 268, 212, 0, 292];

/** An avatar with initials; its colour comes from the person's place among all. */
export function avatar(id, name, { app = false, size = "" } = {}) {
  const node = h("span", { class: `avatar ${app ? "avatar-app" : ""} ${size}`, "aria-hidden": "true" });
  if (app) return node;
  const place = world().people.findIndex((one) => one.id === id);
  node.style.setProperty("--hue", String(HUES[(place < 0 ? id.length : place) % HUES.length]));
  const words = name.trim().split(/\s+/);
  node.textContent = [words[0]?.[0] ?? "?", words.length > 1 ? words.at(-1)[0] : ""].join("").toUpperCase();
  return node;
}

/**
 * Bring the children of `parent` in line with `items`, reusing nodes whose signature is unchanged,
 * so that focus, typed text and scroll stay. A node with an open list in it is left alone until
 * the list is closed.
 * @param {HTMLElement} parent
 * @param {{key: string, signature: string, render: () => HTMLElement}[]} items
 */
export function reconcile(parent, items) {
  keepFocus(() => {
    const known = new Map([...parent.children].map((node) => [node.reuseKey, node]));
    let place = parent.firstChild;
    for (const item of items) {
      const old = known.get(item.key);
      const node = settle(old, item);
      known.delete(item.key);
      if (old && old === place) place = node;
      if (node === place) place = place.nextSibling;
      else parent.insertBefore(node, place);
    }
    for (const node of known.values()) node.remove();
  });
}

function settle(old, item) {
  if (old && (old.reuseSignature === item.signature || old.querySelector('[aria-expanded="true"]'))) {
    return old;
  }
  const node = item.render();
  node.reuseKey = item.key;
  node.reuseSignature = item.signature;
  if (old) old.replaceWith(node);
  return node;
}

/** Run `update`, then give the focus back to the element with the same focus key. */
export function keepFocus(update) {
  const active = document.activeElement;
  const key = active?.dataset?.focusKey;
  const home = active?.closest?.("[data-focus-home]")?.dataset.focusHome;
  const selection = active && "selectionStart" in active ? readSelection(active) : null;
  update();
  if (!active || active === document.body || active.isConnected) return;
  const twin = key ? document.querySelector(`[data-focus-key="${CSS.escape(key)}"]:not([disabled])`) : null;
  const target = twin ?? (home ? document.querySelector(`[data-focus-home="${CSS.escape(home)}"]`) : null);
  if (!target) return;
  target.focus({ preventScroll: true });
  if (twin && selection) writeSelection(twin, selection);
}

function readSelection(node) {
  return node.selectionStart === null ? null : [node.selectionStart, node.selectionEnd];
}

function writeSelection(node, [start, end]) {
  if (typeof node.setSelectionRange === "function" && node.selectionStart !== null) {
    node.setSelectionRange(start, end);
  }
}

/** The elements in `root` that Tab reaches. */
export function focusable(root) {
  const all = root.querySelectorAll(
    'a[href], button, input, textarea, select, [tabindex]:not([tabindex="-1"])',
  );
  return [...all].filter((node) => !node.disabled && node.tabIndex >= 0 && node.getClientRects().length);
}

let counter = 0;

/** A document-wide unique id. */
export function uid(prefix = "n") {
  counter += 1;
  return `${prefix}-${counter}`;
}
