// The chat page: the workspace's channels, the app, threads and modals.
//
// Hooks for browser tests (data-testid unless another attribute is named):
//   person-<id>                     become this person          clock, clock-ahead
//   advance-3600 -43200 -86400      move the clock              advance-field, advance-go; clock-toggle (phone)
//   channel-<name>, channel-dm      open a channel / the app    tab-home, tab-messages; back (phone)
//   open-hubspot, open-salesforce   the two other pages
//   messages, thread                message lists; data-channel says which channel they show
//   message                         one message, data-ts; only-visible-to-you inside ephemeral ones
//   thread-open, thread-reply       open a thread (data-ts); thread-close; thread-broadcast (a reply seen in the channel)
//   composer, thread-composer       fields to write in (…-send the buttons)
//   data-action-id, data-block-id   on each element: the button, the text input, the select's own
//                                   input (role=combobox), the group of checkboxes or radio buttons
//   data-value                      options of an open list or menu, checkboxes, radio buttons, chips
//   confirm, confirm-ok, confirm-deny    a confirmation dialog
//   modal, modal-submit, modal-cancel, modal-back, modal-close, modal-banner;
//                                   data-view-id and data-callback-id stand on the modal
//   home                            the App Home view
//   toast, notice, block-warning    errors; lines of the page's own; "did not respond"

import { ApiError, api, watch } from "./api.js";
import { mountBar } from "./bar.js";
import { blockItems } from "./blocks.js";
import { Composer, escaped, withMentions } from "./composer.js";
import { channel, keepPlace, me, setDirectory, world } from "./directory.js";
import { h, icon, reconcile } from "./dom.js";
import { openingItem } from "./guide.js";
import { Home } from "./home.js";
import { orToast, toast } from "./layer.js";
import { messageItems, noticeItem, SHOWN_AT_FIRST } from "./messages.js";
import { Modals } from "./modal.js";
import { drawSidebar } from "./sidebar.js";
import { makeSurface, unanswered } from "./surface.js";
import { Unread } from "./unread.js";

const $ = (id) => document.getElementById(id);
const NEAR_BOTTOM = 60;

const page = { messages: [], thread: [], home: null, shown: SHOWN_AT_FIRST, notices: [], loaded: "" };
const unread = new Unread();
const home = new Home();
const modals = new Modals(() => refresh());
const bar = mountBar($("bar"), { onPerson: () => { page.loaded = ""; refresh(); }, refresh: () => refresh() });
const composer = new Composer({ testid: "composer", send: (text) => say(text) });
const threadComposer = new Composer({ testid: "thread-composer", send: (text) => say(text, route().thread) });
$("thread-close").append(icon("close"));
$("composer").append(composer.node);
$("thread-composer").append(threadComposer.node);

/** What the address says: which channel, thread or tab; `list` is the phone's first screen. */
function route() {
  const [kind, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (kind === "home") return { kind: "home" };
  if (kind === "dm") return { kind: "dm", channel: me().id, thread: rest[0] === "t" ? rest[1] : null };
  if (kind === "c" && channel(rest[0])) return { kind: "channel", channel: rest[0], thread: rest[1] === "t" ? rest[2] : null };
  return { kind: "list", channel: world().channels[0]?.id, thread: null };
}

function base(where) {
  return where.kind === "dm" ? "#/dm" : `#/c/${encodeURIComponent(where.channel)}`;
}

function openThread(ts) {
  location.hash = `${base(route())}/t/${encodeURIComponent(ts)}`;
}

async function load() {
  setDirectory(await api.state());
  const where = route();
  const viewer = me().id;
  const stamp = `${viewer}|${location.hash}`;
  const [messages, thread, shown, views] = await Promise.all([
    where.channel ? api.messages(where.channel, viewer) : { messages: [] },
    where.thread ? api.thread(where.channel, where.thread, viewer).catch(noThread) : { messages: [] },
    where.kind === "home" ? home.ask(viewer) : home.leave(),
    api.views(viewer),
  ]);
  if (stamp !== `${me().id}|${location.hash}`) return;
  page.messages = messages.messages;
  page.thread = thread.messages;
  page.home = shown;
  modals.update(views.views);
  draw();
}

function noThread(error) {
  if (!(error instanceof ApiError) || error.status !== 404) throw error;
  return { messages: [] };
}

let refresh = async () => {};

async function say(text, thread) {
  const where = route();
  const list = thread ? $("thread-messages") : $("messages");
  list.scrollTop = list.scrollHeight; // what comes back is seen
  if (text.startsWith("/")) return command(text, where, thread);
  const answer = await orToast(() => api.message(me().id, where.channel, withMentions(escaped(text)), thread));
  await refresh();
  return Boolean(answer);
}

async function command(text, where, thread) {
  const name = text.split(/\s/)[0];
  if (thread) {
    toast(`${name} is not supported in threads. Sorry!`);
    return false;
  }
  try {
    const answer = await api.command(me().id, where.channel, withMentions(text));
    if (unanswered(answer)) notice(where.channel, `${name} failed with the error “${answer.error ?? "operation_timeout"}”`);
  } catch (error) {
    if (error.code === "unreachable") toast(error.message);
    else notice(where.channel, error.message);
    await refresh();
    return error.code !== "unreachable";
  }
  await refresh();
  return true;
}

function notice(place, text) {
  page.notices.push({ id: page.notices.length, place, viewer: me().id, text });
  draw();
}

function keepBottom(scroller, update, force) {
  const atBottom = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_BOTTOM;
  update();
  if (force || atBottom) scroller.scrollTop = scroller.scrollHeight;
}

function draw() {
  const where = route();
  document.body.dataset.view = where.thread ? "thread" : where.kind;
  bar.update();
  $("workspace").textContent = world().scenario?.title?.split(":")[0] ?? "Sandbox";
  drawSidebar($("sidebar-list"), where, unread);
  drawHeader(where);
  $("main").hidden = false;
  if (where.kind === "home") drawHome();
  else drawMessages(where);
  $("home").hidden = where.kind !== "home";
  $("messages").hidden = where.kind === "home";
  $("composer").hidden = where.kind === "home";
  drawThread(where);
  document.title = `${titleOf(where)} – Sandbox`;
  page.loaded = `${me().id}|${location.hash}`;
  keepPlace(location.hash);
}

const titleOf = (where) => (where.kind === "home" || where.kind === "dm" ? (world().bot?.name ?? "App") : `#${channel(where.channel)?.name ?? ""}`);

function drawHeader(where) {
  const app = where.kind === "home" || where.kind === "dm";
  const bot = world().bot;
  const tab = (kind, label) =>
    h("a", { href: kind === "home" ? "#/home" : "#/dm", class: "tab", "aria-current": where.kind === kind ? "page" : null, data: { testid: kind === "home" ? "tab-home" : "tab-messages", focusKey: `tab-${kind}` } }, label);
  reconcile($("main-head"), [{
    key: "head",
    signature: JSON.stringify([where.kind, where.channel, bot]),
    render: () => h("div", { class: "head" },
      h("a", { class: "icon-button back", href: "#/", "aria-label": "Back to the list", data: { testid: "back" } }, icon("back")),
      h("h1", {}, app ? bot?.name : [icon("hash"), channel(where.channel)?.name]),
      app ? h("nav", { class: "tabs", "aria-label": "App" }, tab("home", "Home"), tab("dm", "Messages")) : null,
      bot?.connected === false ? h("span", { class: "pill" }, `${bot.name} is not connected`) : null),
  }]);
}

function place(where, inThread) {
  return { channel: where.channel, inThread, thread: where.thread, openThread, refresh: () => refresh(), redraw: draw };
}

function drawMessages(where) {
  const list = $("messages");
  const fresh = page.loaded !== `${me().id}|${location.hash}` && list.dataset.channel !== `${me().id}|${where.channel}`;
  if (fresh) {
    list.replaceChildren();
    page.shown = SHOWN_AT_FIRST;
  }
  list.dataset.channel = `${me().id}|${where.channel}`;
  list.setAttribute("aria-label", `Messages in ${titleOf(where)}`);
  const visible = page.messages.slice(-page.shown);
  const items = messageItems(visible, place(where, false));
  if (page.messages.length > visible.length) items.unshift(earlier());
  else items.unshift(openingItem(where, titleOf(where)));
  const notices = page.notices.filter((one) => one.place === where.channel && one.viewer === me().id);
  keepBottom(list, () => reconcile(list, [...items, ...notices.map(noticeItem)]), fresh);
  composer.aim(`${me().id}|${where.channel}`, `Message ${titleOf(where)}`);
  unread.read(me().id, where.channel, page.messages);
}

function earlier() {
  const show = () => {
    const list = $("messages");
    const fromEnd = list.scrollHeight - list.scrollTop;
    page.shown += SHOWN_AT_FIRST;
    draw();
    list.scrollTop = list.scrollHeight - fromEnd;
  };
  return { key: "earlier", signature: "", render: () => h("button", { class: "earlier button", type: "button", onclick: show }, "Show earlier messages") };
}

function drawHome() {
  const view = page.home;
  const root = $("home");
  if (!view) {
    reconcile(root, [{ key: "none", signature: "", render: () => h("p", { class: "opening" }, "The app has not published a Home for you.") }]);
    return;
  }
  const surface = makeSurface({ key: `v:${view.id}`, container: { type: "view", view_id: view.id }, blocks: view.blocks, state: view.state?.values, refresh, redraw: draw });
  reconcile(root, blockItems(view.blocks, surface));
}

function drawThread(where) {
  const panel = $("thread");
  panel.hidden = !where.thread;
  if (!where.thread) return;
  const list = $("thread-messages");
  const fresh = list.dataset.thread !== where.thread;
  list.dataset.thread = where.thread;
  list.dataset.channel = where.channel;
  $("thread-of").textContent = titleOf(where);
  $("thread-close").href = base(where);
  keepBottom(list, () => reconcile(list, messageItems(page.thread, place(where, true))), fresh);
  threadComposer.aim(`${me().id}|${where.channel}|${where.thread}`, "Reply…");
  if (fresh) threadComposer.focus();
}

window.addEventListener("hashchange", () => refresh());
document.addEventListener("popupclose", () => draw());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open], .popup") && route().thread) location.hash = base(route());
});

refresh = watch(async () => {
  try {
    await load();
    bar.online(true);
  } catch (error) {
    if (error.code === "unreachable") bar.online(false);
    else toast(error.message);
  }
  unread.look(me()?.id, world().channels, route().channel, draw);
}, (online) => bar.online(online));
refresh();
