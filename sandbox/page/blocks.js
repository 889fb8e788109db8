// Block Kit's layout blocks.

import { drawElement } from "./elements.js";
import { h, icon, uid } from "./dom.js";
import { mrkdwn, plain, textObject } from "./mrkdwn.js";
import { richText, table } from "./richtext.js";

function image(url, alt, title) {
  const local = url && URL.canParse(url, location.href) && new URL(url, location.href).origin === location.origin;
  const picture = local
    ? h("img", { src: url, alt: alt ?? "" })
    : h("span", { class: "image-away", role: "img", "aria-label": alt ?? "image" }, icon("file", 14), alt || "image");
  return title ? h("figure", {}, h("figcaption", {}, textObject(title)), picture) : picture;
}

const element = (block, one, surface) => drawElement({ element: one, block, surface, field: null });

function accessory(block, surface) {
  if (!block.accessory) return null;
  const one = block.accessory;
  const inner = one.type === "image" ? image(one.image_url, one.alt_text) : element(block, one, surface);
  return h("div", { class: `accessory accessory-${one.type}` }, inner);
}

function section(block, surface) {
  const fields = block.fields?.length
    ? h("div", { class: "fields" }, block.fields.map((field) => h("div", { class: "field mrkdwn" }, textObject(field))))
    : null;
  const text = block.text ? h("div", { class: "mrkdwn" }, textObject(block.text)) : null;
  return h("div", { class: "section" }, h("div", { class: "section-text" }, text, fields), accessory(block, surface));
}

function context(block) {
  const one = (part) => (part.type === "image" ? image(part.image_url, part.alt_text) : h("span", { class: "mrkdwn" }, textObject(part)));
  return h("div", { class: "context" }, (block.elements ?? []).map(one));
}

function actions(block, surface) {
  return h("div", { class: "actions", role: "group", "aria-label": "Actions" }, (block.elements ?? []).map((one) => element(block, one, surface)));
}

function input(block, surface) {
  const { error } = surface.problem(block);
  const [id, labelId, hintId, errorId] = ["input", "label", "hint", "error"].map(uid);
  const hint = block.hint ? h("div", { class: "hint", id: hintId }, textObject(block.hint)) : null;
  const grouped = ["checkboxes", "radio_buttons"].includes(block.element.type);
  const field = {
    id, labelId, invalid: Boolean(error), optional: Boolean(block.optional), dispatch: Boolean(block.dispatch_action),
    describedBy: [hint && hintId, errorId].filter(Boolean).join(" "),
  };
  const label = [textObject(block.label), block.optional ? h("span", { class: "optional" }, " (optional)") : null];
  return h("div", { class: `input-block ${error ? "has-error" : ""}` },
    h(grouped ? "div" : "label", { class: "input-label", id: labelId, for: grouped ? null : id }, label),
    drawElement({ element: block.element, block, surface, field }),
    h("div", { class: "error", id: errorId, role: "alert" }, error),
    hint);
}

const ALERT_ICONS = { warning: "warning", error: "warning", success: "check" };

function alert(block) {
  const level = block.level ?? "default";
  const role = level === "error" || level === "warning" ? "alert" : "status";
  return h("div", { class: `alert alert-${level}`, role }, icon(ALERT_ICONS[level] ?? "info"), h("div", { class: "mrkdwn" }, textObject(block.text)));
}

// The markdown block speaks CommonMark; what bots use of it is put into Slack's own notation.
function markdown(block) {
  const text = (block.text ?? "")
    .replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
    .replace(/^#{1,6} +(.+)$/gm, "*$1*")
    .replace(/\*\*(.+?)\*\*/g, "*$1*")
    .replace(/\[([^\]]+)\]\((https?:[^)\s]+)\)/g, "<$2|$1>");
  return h("div", { class: "mrkdwn" }, mrkdwn(text));
}

const DRAW = {
  header: (block) => h("h2", { class: "block-header" }, textObject(block.text)),
  section,
  divider: () => h("hr"),
  context,
  actions,
  input,
  alert,
  markdown,
  image: (block) => image(block.image_url, block.alt_text, block.title),
  table: (block) => table(block),
  rich_text: (block) => richText(block),
};

/** Draw one block, with the warning that belongs to it. */
export function drawBlock(block, surface) {
  const draw = DRAW[block.type];
  const inner = draw ? draw(block, surface) : h("div", { class: "unknown" }, plain(`(a ${block.type} block, which the sandbox does not draw)`));
  const { warning } = surface.problem(block);
  return h("div", { class: `block block-${block.type}`, data: { blockId: block.block_id } }, inner,
    warning ? h("div", { class: "block-warning", role: "alert", data: { testid: "block-warning" } }, icon("warning", 14), warning) : null);
}

/** Items for `reconcile`, so that blocks that did not change keep what is typed in them. */
export function blockItems(blocks, surface) {
  const seen = new Map();
  return (blocks ?? []).map((block) => {
    const name = block.block_id ?? block.type;
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return {
      key: `${name}#${count}`,
      signature: JSON.stringify([block, surface.problem(block)]),
      render: () => drawBlock(block, surface),
    };
  });
}
