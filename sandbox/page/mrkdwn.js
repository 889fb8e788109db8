// Slack's mrkdwn and plain_text, drawn as DOM nodes.

import { dateNode } from "./dates.js";
import { channel, userName, me } from "./directory.js";
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { standIn } from "./standins.js";

const TAGS = { "*": "strong", _: "em", "~": "s" };
const ADDRESS = /^(https?:\/\/|mailto:|tel:)\S+$/i; // what may become a link
const WORD = /[\p{L}\p{N}]/u;

/** Undo Slack's three escapes. */
export function unescape(text) {
  return text.replace(/&(lt|gt|amp);/g, (_, name) => ({ lt: "<", gt: ">", amp: "&" })[name]);
}

/** A text object (`plain_text` or `mrkdwn`), or a bare string taken as plain text. */
export function textObject(text) {
  if (!text) return document.createDocumentFragment();
  if (typeof text === "string") return plain(text);
  return text.type === "mrkdwn" ? mrkdwn(text.text) : plain(text.text, text.emoji !== false);
}

/** The bare characters of a text object, for labels and searching. */
export function textOf(text) {
  if (!text) return "";
  return typeof text === "string" ? text : text.text.replace(/:([\w+'-]+):/g, (all, name) => emoji(name) ?? all);
}

/** Plain text with emoji names drawn. */
export function plain(text, withEmoji = true) {
  const fragment = document.createDocumentFragment();
  fragment.append(withEmoji ? textOf({ text: String(text) }) : String(text));
  return fragment;
}

/**
 * Draw mrkdwn.
 * @param {string} text as Slack carries it: `&`, `<` and `>` of the writer are escaped
 * @returns {DocumentFragment}
 */
export function mrkdwn(text) {
  const fragment = document.createDocumentFragment();
  const parts = String(text ?? "").split("```");
  const closed = parts.length % 2 === 1 ? parts.length : parts.length - 1;
  parts.forEach((part, index) => {
    if (index >= closed) lines(`\`\`\`${part}`, fragment);
    else if (index % 2) fragment.append(h("pre", {}, unescape(linkText(part.replace(/^\n|\n$/g, "")))));
    else lines(trimAround(part, index, closed), fragment);
  });
  return fragment;
}

// The newline beside a code block is the block's own line end.
function trimAround(part, index, count) {
  let text = part;
  if (index > 0) text = text.replace(/^\n/, "");
  if (index < count - 1) text = text.replace(/\n$/, "");
  return text;
}

// In code, a link shows as its address and a mention as its name.
function linkText(text) {
  return text.replace(/<([^<>\n]+)>/g, (_, inner) => pieces(inner).label ?? pieces(inner).target);
}

function lines(text, parent) {
  if (!text) return;
  let quote = null;
  let pending = "";
  const flush = () => {
    if (pending) inline(pending.replace(/\n$/, ""), parent);
    pending = "";
  };
  let rest = false;
  for (const line of text.split("\n")) {
    const match = rest ? [""] : /^(?:(?:&gt;|>){3}|(?:&gt;|>)) ?/.exec(line);
    if (match) {
      rest = rest || /^(&gt;|>){3}/.test(line);
      flush();
      if (!quote) parent.append((quote = h("blockquote")));
      else quote.append("\n");
      inline(line.slice(match[0].length), quote);
    } else {
      quote = null;
      pending += `${line}\n`;
    }
  }
  flush();
}

/** Draw one run of inline mrkdwn into `parent`. */
export function inline(text, parent) {
  let buffer = "";
  const flush = () => {
    if (buffer) parent.append(...autolink(unescape(buffer)));
    buffer = "";
  };
  for (let at = 0; at < text.length; ) {
    const found = special(text, at);
    if (found) {
      flush();
      parent.append(found.node);
      at = found.end;
    } else {
      buffer += text[at];
      at += 1;
    }
  }
  flush();
}

function special(text, at) {
  const mark = text[at];
  if (mark === "<") return token(text, at);
  if (mark === "`") return code(text, at);
  if (mark === ":") return named(text, at);
  return TAGS[mark] ? styled(text, at, mark) : null;
}

function code(text, at) {
  const match = /^`([^`\n]+)`/.exec(text.slice(at));
  return match && { node: h("code", {}, unescape(linkText(match[1]))), end: at + match[0].length };
}

function named(text, at) {
  const match = /^:([a-z0-9_+'-]+):(?::skin-tone-\d:)?/.exec(text.slice(at));
  const char = match && emoji(match[1]);
  if (!char) return null;
  const title = `:${match[1]}:`;
  return { node: h("span", { class: "emoji", title, role: "img", "aria-label": match[1].replaceAll("_", " ") }, char), end: at + match[0].length };
}

function styled(text, at, mark) {
  const before = text[at - 1];
  const after = text[at + 1];
  if ((before && (WORD.test(before) || before === mark)) || !after || /\s/.test(after) || after === mark) return null;
  const end = closing(text, at, mark);
  if (end < 0) return null;
  const node = h(TAGS[mark]);
  inline(text.slice(at + 1, end), node);
  return { node, end: end + 1 };
}

function closing(text, from, mark) {
  for (let at = from + 1; at < text.length && text[at] !== "\n"; at += 1) {
    if (text[at] === "<") {
      const end = text.indexOf(">", at);
      if (end > 0) at = end;
    } else if (text[at] === "`" && mark !== "`") {
      const end = text.indexOf("`", at + 1);
      if (end > 0) at = end;
    } else if (text[at] === mark && !/\s/.test(text[at - 1]) && !(text[at + 1] && WORD.test(text[at + 1]))) {
      return at;
    }
  }
  return -1;
}

function pieces(inner) {
  const bar = inner.indexOf("|");
  return bar < 0 ? { target: inner } : { target: inner.slice(0, bar), label: inner.slice(bar + 1) };
}

function token(text, at) {
  const match = /^<([^<>\n]+)>/.exec(text.slice(at));
  if (!match) return null;
  const node = reference(match[1]);
  return node && { node, end: at + match[0].length };
}

function reference(inner) {
  const { target, label } = pieces(inner);
  if (target.startsWith("@")) return mention(target.slice(1), label);
  if (target.startsWith("#")) return channelLink(target.slice(1), label);
  if (target.startsWith("!")) return command(target.slice(1), label);
  return ADDRESS.test(target) ? link(unescape(target), label && unescape(label)) : null;
}

/** A mention of a person. */
export function mention(id, label) {
  const mine = me()?.id === id;
  return h("span", { class: `mention ${mine ? "mention-me" : ""}`, data: { user: id } }, `@${label ? unescape(label) : userName(id)}`);
}

/** A link to a channel. */
export function channelLink(id, label) {
  const name = channel(id)?.name ?? (label ? unescape(label) : id);
  return channel(id)
    ? h("a", { class: "mention", href: `#/c/${id}` }, `#${name}`)
    : h("span", { class: "mention" }, `#${name}`);
}

function command(body, label) {
  if (body.startsWith("date^")) {
    const [, seconds, format, href] = body.split("^");
    const node = dateNode(Number(seconds), unescape(format ?? ""), label && unescape(label));
    return href ? link(unescape(href), node) : node;
  }
  if (body.startsWith("subteam^")) return h("span", { class: "mention" }, unescape(label ?? `@${body.split("^")[1]}`));
  return h("span", { class: "mention mention-all" }, `@${unescape(label ?? body).replace(/^@/, "")}`);
}

/** A link that opens elsewhere; only web and mail addresses become links. */
export function link(href, content) {
  if (!ADDRESS.test(href)) return h("span", {}, content ?? `<${href}>`);
  return h("a", standIn(href), content ?? href.replace(/^(mailto|tel):/i, ""));
}

function autolink(text) {
  return text.split(/(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/g).map((part, index) => (index % 2 ? link(part) : part));
}
