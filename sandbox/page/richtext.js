// rich_text blocks and table cells.

import { dateNode } from "./dates.js";
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelLink, link, mention } from "./mrkdwn.js";

const STYLE_TAGS = { bold: "strong", italic: "em", strike: "s", code: "code" };

function styled(node, style) {
  let wrapped = node;
  for (const [name, tag] of Object.entries(STYLE_TAGS)) {
    if (style?.[name]) wrapped = h(tag, {}, wrapped);
  }
  return wrapped;
}

const LEAVES = {
  text: (one) => one.text,
  link: (one) => link(one.url, one.text),
  emoji: (one) => emoji(one.name) ?? `:${one.name}:`,
  user: (one) => mention(one.user_id),
  channel: (one) => channelLink(one.channel_id),
  usergroup: (one) => h("span", { class: "mention" }, `@${one.usergroup_id}`),
  broadcast: (one) => h("span", { class: "mention mention-all" }, `@${one.range}`),
  date: (one) => dateNode(Number(one.timestamp), one.format ?? "{date_short_pretty} {time}", one.fallback),
  color: (one) => one.value,
};

function leaves(elements = []) {
  return elements.map((one) => styled(LEAVES[one.type]?.(one) ?? "", one.style));
}

function list(part) {
  const items = (part.elements ?? []).map((item) => h("li", {}, leaves(item.elements)));
  const node = h(part.style === "ordered" ? "ol" : "ul", { class: "rich-list" }, items);
  if (part.offset) node.setAttribute("start", String(part.offset + 1));
  node.style.setProperty("--indent", String(part.indent ?? 0));
  return node;
}

const PARTS = {
  rich_text_section: (part) => h("div", { class: "rich-section" }, leaves(part.elements)),
  rich_text_list: list,
  rich_text_quote: (part) => h("blockquote", {}, leaves(part.elements)),
  rich_text_preformatted: (part) => h("pre", {}, leaves(part.elements)),
};

/** The contents of a rich_text block. */
export function richText(block) {
  return h("div", { class: "rich-text" }, (block.elements ?? []).map((part) => PARTS[part.type]?.(part)));
}

function cell(one) {
  if (one.type === "rich_text") return richText(one);
  if (one.type === "raw_number") return one.text ?? String(one.value ?? "");
  return one.text ?? "";
}

/** A table block; its first row is the head. */
export function table(block) {
  const settings = block.column_settings ?? [];
  const row = (cells, tag) =>
    h("tr", {}, cells.map((one, index) => {
      const column = settings[index] ?? {};
      const kind = `align-${column.align ?? "left"} ${column.is_wrapped ? "" : "nowrap"}`;
      return h(tag, { class: kind, scope: tag === "th" ? "col" : null }, cell(one));
    }));
  const [head, ...body] = block.rows ?? [];
  return h("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": "Table" },
    h("table", {}, h("thead", {}, row(head ?? [], "th")), h("tbody", {}, body.map((cells) => row(cells, "td")))));
}
