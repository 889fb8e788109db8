// What lies above the page: popups, dialogs, confirmations, toasts.

import { focusable, h, icon, uid } from "./dom.js";
import { textObject, textOf } from "./mrkdwn.js";

const GAP = 4;
const TOAST_TIME = 8_000;

/** Where popups and toasts must live to be reachable: in the topmost modal dialog, or the page. */
function host(anchor) {
  return anchor?.closest("dialog") ?? [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
}

/**
 * Show `content` beside `anchor` until Esc, a click elsewhere, or `close()`.
 * @returns {{close: () => void, place: () => void}}
 */
export function openPopup(anchor, content, { onClose = () => {}, matchWidth = false, keepFocusIn = [] } = {}) {
  const node = h("div", { class: "popup" }, content);
  host(anchor).append(node);
  const place = () => placeBeside(anchor, node, matchWidth);
  const outside = (event) => {
    const inside = [node, anchor, ...keepFocusIn].some((one) => one.contains(event.target));
    if (!inside) close();
  };
  let open = true;
  function close() {
    if (!open) return;
    open = false;
    node.remove();
    document.removeEventListener("pointerdown", outside, true);
    window.removeEventListener("resize", place);
    document.removeEventListener("scroll", place, true);
    onClose();
    document.dispatchEvent(new Event("popupclose"));
  }
  document.addEventListener("pointerdown", outside, true);
  window.addEventListener("resize", place);
  document.addEventListener("scroll", place, true);
  place();
  return { close, place, node };
}

function placeBeside(anchor, node, matchWidth) {
  const box = anchor.getBoundingClientRect();
  if (matchWidth) node.style.minWidth = `${box.width}px`;
  const below = window.innerHeight - box.bottom - GAP * 2;
  const above = box.top - GAP * 2;
  const upwards = below < Math.min(node.scrollHeight, 260) && above > below;
  node.style.maxHeight = `${Math.max(120, Math.min(360, upwards ? above : below))}px`;
  const left = Math.min(box.left, window.innerWidth - node.offsetWidth - GAP * 2);
  node.style.left = `${Math.max(GAP * 2, left)}px`;
  node.style.top = upwards ? "auto" : `${box.bottom + GAP}px`;
  node.style.bottom = upwards ? `${window.innerHeight - box.top + GAP}px` : "auto";
}

/**
 * A menu of buttons under `anchor`, worked with the arrow keys.
 * @param {HTMLElement} anchor
 * @param {{label: Node|string, value?: string, href?: string, run: () => void}[]} items
 */
export function openMenu(anchor, items, label) {
  const buttons = items.map((item) =>
    h("button", { class: "menu-item", type: "button", role: "menuitem", tabindex: "-1", data: { value: item.value }, onclick: () => { popup.close(); anchor.focus(); item.run(); } }, item.label));
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label }, buttons);
  const popup = openPopup(anchor, menu, { onClose: () => anchor.setAttribute("aria-expanded", "false") });
  anchor.setAttribute("aria-expanded", "true");
  menu.addEventListener("keydown", (event) => menuKey(event, buttons, () => { popup.close(); anchor.focus(); }));
  buttons[0]?.focus();
  return popup;
}

function menuKey(event, buttons, close) {
  const at = buttons.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    buttons[(to + buttons.length) % buttons.length]?.focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    if (event.key === "Escape") event.preventDefault();
    event.stopPropagation();
    close();
  }
}

/**
 * Open a modal dialog; the focus stays in it and returns to where it was.
 * @param {HTMLDialogElement} dialog
 * @param {() => void} onCancel what Esc does
 */
export function showDialog(dialog, onCancel) {
  const before = document.activeElement;
  const returnKey = before?.dataset?.focusKey;
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    onCancel();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      onCancel();
    } else if (event.key === "Tab") trap(event, dialog);
  });
  document.body.append(dialog);
  dialog.showModal();
  return () => {
    releaseToasts(dialog);
    dialog.close();
    dialog.remove();
    const twin = returnKey && document.querySelector(`[data-focus-key="${CSS.escape(returnKey)}"]`);
    (before?.isConnected ? before : twin)?.focus?.({ preventScroll: true });
  };
}

function trap(event, dialog) {
  const inside = focusable(dialog);
  const [first, last] = [inside[0], inside.at(-1)];
  const at = document.activeElement;
  if (event.shiftKey && (at === first || at === dialog)) {
    event.preventDefault();
    last?.focus();
  } else if (!event.shiftKey && at === last) {
    event.preventDefault();
    first?.focus();
  }
}

/**
 * A small dialog with buttons; resolves to the chosen button's value, or null for Esc.
 * @param {{title: Node|string, body: Child, buttons: {label: string, value: any, kind?: string, testid?: string}[], testid?: string}} spec
 */
export function ask({ title, body, buttons, testid = "dialog" }) {
  return new Promise((resolve) => {
    const finish = (value) => {
      close();
      resolve(value);
    };
    const [titleId, bodyId] = [uid("title"), uid("body")];
    const dialog = h("dialog", { class: "dialog small", "aria-labelledby": titleId, "aria-describedby": bodyId, data: { testid } },
      h("div", { class: "dialog-head" },
        h("h2", { id: titleId }, title),
        h("button", { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => finish(null) }, icon("close"))),
      h("div", { class: "dialog-body", id: bodyId }, body),
      h("div", { class: "dialog-foot" }, buttons.map((one) =>
        h("button", { type: "button", class: `button ${one.kind ?? ""}`, data: { testid: one.testid }, onclick: () => finish(one.value) }, one.label))));
    const close = showDialog(dialog, () => finish(null));
    (dialog.querySelector(".dialog-foot .button:not(.primary):not(.danger)") ?? dialog.querySelector(".button"))?.focus();
  });
}

/** Ask a Block Kit confirmation object; true means confirmed. */
export async function confirmed(confirm) {
  if (!confirm) return true;
  const kind = confirm.style === "danger" ? "danger" : "primary";
  return ask({
    title: textObject(confirm.title),
    body: h("div", { class: "mrkdwn" }, textObject(confirm.text)),
    testid: "confirm",
    buttons: [
      { label: textOf(confirm.deny) || "Cancel", value: false, testid: "confirm-deny" },
      { label: textOf(confirm.confirm) || "OK", value: true, kind, testid: "confirm-ok" },
    ],
  }).then(Boolean);
}

const toasts = h("div", { class: "toasts" });

function releaseToasts(dialog) {
  if (dialog.contains(toasts)) document.body.append(toasts);
}

/** Say something for a few seconds; errors interrupt a screen reader. */
export function toast(text, kind = "error") {
  const place = host(null);
  if (toasts.parentNode !== place) place.append(toasts);
  const close = () => node.remove();
  const node = h("div", { class: `toast toast-${kind}`, role: kind === "error" ? "alert" : "status", data: { testid: "toast" } },
    h("span", {}, text),
    h("button", { class: "icon-button", type: "button", "aria-label": "Dismiss", onclick: close }, icon("close")));
  toasts.append(node);
  let timer = setTimeout(close, TOAST_TIME);
  node.addEventListener("pointerenter", () => clearTimeout(timer));
  node.addEventListener("pointerleave", () => { timer = setTimeout(close, TOAST_TIME); });
}

/** Run `work`; a failure becomes a toast and the answer null. */
export async function orToast(work) {
  try {
    return await work();
  } catch (error) {
    toast(error.message);
    return null;
  }
}
