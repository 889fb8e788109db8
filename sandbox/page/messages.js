// Messages as they stand in a channel or a thread.

import { drawBlock } from "./blocks.js";
import { clockTime, dayLabel, fullTime } from "./dates.js";
import { isBot, me, now, userName, world } from "./directory.js";
import { avatar, h, icon } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { makeSurface } from "./surface.js";

const GROUP_WITHIN = 300; // seconds in which one author's messages stand under one name
export const SHOWN_AT_FIRST = 200;

const dayOf = (ts) => new Date(Number(ts) * 1000).toDateString();

function author(message) {
  const app = Boolean(message.bot_id) || isBot(message.user);
  const name = message.username || (app ? world().bot?.name : userName(message.user)) || "Unknown";
  return { app, name, id: message.user ?? message.bot_id ?? "app" };
}

function continues(before, message) {
  return Boolean(
    before && !before.ephemeral && !message.ephemeral && author(before).id === author(message).id &&
      author(before).name === author(message).name && dayOf(before.ts) === dayOf(message.ts) &&
      Number(message.ts) - Number(before.ts) < GROUP_WITHIN && !before.reply_count,
  );
}

/**
 * Items for `reconcile`.
 * @param {any[]} messages oldest first
 * @param {{channel: string, inThread: boolean, openThread: (ts: string) => void, refresh: () => Promise<void>, redraw: () => void, thread?: string}} place
 */
export function messageItems(messages, place) {
  const items = [];
  messages.forEach((message, index) => {
    const before = messages[index - 1];
    if (!place.inThread && (!before || dayOf(before.ts) !== dayOf(message.ts))) items.push(divider(message));
    items.push(item(message, continues(before, message) && !place.inThread, place));
    if (place.inThread && index === 0) items.push(replies(messages.length - 1));
  });
  return items;
}

function divider(message) {
  const label = dayLabel(new Date(Number(message.ts) * 1000));
  return { key: `day-${dayOf(message.ts)}`, signature: label, render: () => h("div", { class: "day", role: "separator", "aria-label": label }, h("span", {}, label)) };
}

function replies(count) {
  const label = count === 1 ? "1 reply" : `${count} replies`;
  return { key: "replies", signature: label, render: () => h("div", { class: "replies", role: "separator", "aria-label": label }, count ? h("span", {}, label) : null) };
}

function item(message, grouped, place) {
  const surface = makeSurface({
    key: `m:${message.channel ?? place.channel}:${message.ts}`,
    container: { type: "message", channel: message.channel ?? place.channel, ts: message.ts },
    blocks: message.blocks ?? [],
    state: message.state,
    refresh: place.refresh,
    redraw: place.redraw,
  });
  const problems = (message.blocks ?? []).map((block) => surface.problem(block).warning);
  const open = !place.inThread && place.thread === message.ts;
  return {
    key: `${message.ts}${message.ephemeral ? "e" : ""}`,
    signature: JSON.stringify([message, grouped, open, me().id, problems, new Date(now()).toDateString()]),
    render: () => draw(message, grouped, open, surface, place),
  };
}

function draw(message, grouped, open, surface, place) {
  const from = author(message);
  const classes = ["message", grouped && "grouped", message.ephemeral && "ephemeral", open && "open"];
  return h("article", {
    class: classes.filter(Boolean).join(" "), tabindex: "-1", "aria-label": `${from.name}, ${clockTime(message.ts)}`,
    data: { ts: message.ts, focusHome: surface.key, testid: "message" },
  },
  h("div", { class: "gutter" }, grouped ? h("time", { class: "quiet-time" }, clockTime(message.ts)) : avatar(from.id, from.name, { app: from.app })),
  h("div", { class: "message-main" },
    message.ephemeral ? h("div", { class: "only-you", data: { testid: "only-visible-to-you" } }, icon("eye", 13), "Only visible to you") : null,
    grouped ? null : heading(message, from),
    !place.inThread && message.thread_ts && message.thread_ts !== message.ts && !message.ephemeral ? broadcast(message, place) : null,
    body(message, grouped, surface),
    files(message),
    message.reply_count && !place.inThread ? threadLink(message, place) : null),
  place.inThread || message.ephemeral ? null : toolbar(message, place));
}

function heading(message, from) {
  return h("div", { class: "message-head" },
    h("span", { class: "author" }, from.name),
    from.app ? h("span", { class: "badge" }, "APP") : null,
    h("time", { class: "when", title: fullTime(message.ts), datetime: new Date(Number(message.ts) * 1000).toISOString() }, clockTime(message.ts)),
    editedMark(message));
}

function editedMark(message) {
  return message.edited ? h("span", { class: "edited", title: message.edited.ts ? fullTime(message.edited.ts) : null }, "(edited)") : null;
}

// A reply that was also sent to the channel says where it belongs.
function broadcast(message, place) {
  return h("div", { class: "broadcast" }, icon("reply", 13), "In a thread: ",
    h("button", { type: "button", class: "link-button", data: { testid: "thread-broadcast", focusKey: `broadcast-${message.ts}` }, onclick: () => place.openThread(message.thread_ts) }, "open it"));
}

function body(message, grouped, surface) {
  const edited = grouped ? editedMark(message) : null;
  if (message.blocks?.length) {
    return h("div", { class: "blocks" }, message.blocks.map((block) => drawBlock(block, surface)), edited);
  }
  return h("div", { class: "mrkdwn text" }, mrkdwn(message.text), edited ? [" ", edited] : null);
}

function size(bytes) {
  if (!bytes) return "";
  return bytes < 1024 ? `${bytes} B` : bytes < 1_048_576 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1_048_576).toFixed(1)} MB`;
}

function files(message) {
  if (!message.files?.length) return null;
  return h("div", { class: "files" }, message.files.map((file) => {
    const name = file.title || file.name || "file";
    const link = h("a", { class: "file", href: file.url, download: file.name ?? "", data: { testid: "file" } },
      icon("file", 22), h("span", {}, h("span", { class: "file-name" }, name), h("small", {}, [file.mimetype, size(file.size)].filter(Boolean).join(" · "))));
    if (!file.mimetype?.startsWith("image/")) return link;
    return h("figure", { class: "picture" },
      h("img", { src: file.url, alt: file.alt || name, loading: "lazy", data: { testid: "picture" } }), link);
  }));
}

function threadButton(message, place, attributes, ...children) {
  return h("button", { type: "button", data: { testid: attributes.testid, ts: message.ts, focusKey: `${attributes.testid}-${message.ts}` }, class: attributes.class, "aria-label": attributes.label, onclick: () => place.openThread(message.ts) }, children);
}

function threadLink(message, place) {
  const count = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return threadButton(message, place, { testid: "thread-open", class: "thread-link" }, icon("reply", 14), count, h("span", { class: "thread-hint" }, "View thread"));
}

function toolbar(message, place) {
  return h("div", { class: "toolbar" }, threadButton(message, place, { testid: "thread-reply", class: "icon-button", label: "Reply in thread" }, icon("reply")));
}

/** A line that only this page shows, as Slack's own helper would. */
export function noticeItem(notice) {
  return {
    key: `notice-${notice.id}`,
    signature: notice.text,
    render: () => h("article", { class: "message ephemeral notice", tabindex: "-1", data: { testid: "notice" } },
      h("div", { class: "gutter" }, h("span", { class: "avatar avatar-system", "aria-hidden": "true" }, icon("warning"))),
      h("div", { class: "message-main" },
        h("div", { class: "only-you" }, icon("eye", 13), "Only visible to you"),
        h("div", { class: "message-head" }, h("span", { class: "author" }, "Workspace helper"), h("span", { class: "badge" }, "SANDBOX")),
        h("div", { class: "mrkdwn text", role: "alert" }, notice.text))),
  };
}
