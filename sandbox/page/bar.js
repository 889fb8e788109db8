// The bar over all three pages: which rehearsal this is, its clock, and who you are.

import { api } from "./api.js";
import { locale, me, now, number, ROLES, setViewer, world } from "./directory.js";
import { avatar, h, icon, reconcile } from "./dom.js";
import { openPopup, orToast, toast } from "./layer.js";

const STEPS = [[3_600, "+1 h"], [43_200, "+12 h"], [86_400, "+24 h"]];
const UNITS = { s: 1, m: 60, min: 60, h: 3_600, d: 86_400 };

/** Seconds meant by "90m", "36 h", "2d" or a bare number of hours; null when it is none of these. */
export function seconds(text) {
  const match = /^\s*\+?\s*(\d+(?:[.,]\d+)?)\s*(s|m|min|h|d)?\s*$/i.exec(text);
  if (!match) return null;
  const amount = Number(match[1].replace(",", ".")) * UNITS[(match[2] ?? "h").toLowerCase()];
  return amount > 0 ? amount : null;
}

/** "2 d 3 h", for how far the clock is ahead. */
export function duration(total) {
  const parts = [["d", 86_400], ["h", 3_600], ["min", 60]];
  let rest = Math.round(total);
  const words = [];
  for (const [unit, size] of parts) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) words.push(`${number(count)} ${unit}`);
  }
  return words.slice(0, 2).join(" ") || `${rest} s`;
}

class Clock {
  constructor(refresh) {
    this.refresh = refresh;
    this.day = h("span", { class: "clock-date" });
    this.hour = h("span", {});
    this.time = h("time", { class: "clock-time", data: { testid: "clock" } }, this.day, this.hour);
    this.ahead = h("span", { class: "clock-ahead", data: { testid: "clock-ahead" } });
    this.steps = STEPS.map(([by, label]) =>
      h("button", { class: "bar-button", type: "button", title: `Move the clock ahead by ${label.slice(1)}`, data: { testid: `advance-${by}` }, onclick: () => this.advance(by) }, label));
    this.field = h("input", { class: "bar-input", type: "text", placeholder: "e.g. 90m", "aria-label": "Move ahead by, for example 90m, 36h or 2d", data: { testid: "advance-field" } });
    const go = h("button", { class: "bar-button", type: "submit", data: { testid: "advance-go" } }, "Move");
    const form = h("form", { class: "clock-form", onsubmit: (event) => { event.preventDefault(); this.fromField(); } }, this.field, go);
    this.controls = h("div", { class: "clock-controls", role: "group", "aria-label": "Move the sandbox clock ahead" }, this.steps, form);
    this.toggle = h("button", { class: "clock-toggle", type: "button", "aria-expanded": "false", "aria-label": "Move the sandbox clock", data: { testid: "clock-toggle" }, onclick: () => this.fold(!this.node.classList.contains("open")) }, icon("clock"));
    this.said = h("span", { class: "visually-hidden", role: "status" });
    this.node = h("div", { class: "clock", role: "region", "aria-label": "Sandbox clock" }, this.said, this.toggle, h("span", { class: "clock-face" }, this.time, this.ahead), this.controls);
    this.node.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.fold(false);
    });
    document.addEventListener("pointerdown", (event) => {
      if (!this.node.contains(event.target)) this.fold(false);
    });
    setInterval(() => this.tick(), 1_000);
  }

  // At phone width the controls are folded away behind the clock sign.
  fold(open) {
    this.node.classList.toggle("open", open);
    this.toggle.setAttribute("aria-expanded", String(open));
  }

  tick() {
    const date = new Date(now());
    const write = (options) => new Intl.DateTimeFormat(locale(), options).format(date);
    const day = `${write({ weekday: "short", day: "numeric", month: "short" })}, `;
    const hour = write({ hour: "numeric", minute: "2-digit" });
    if (this.day.textContent !== day) this.day.textContent = day;
    if (this.hour.textContent !== hour) {
      this.hour.textContent = hour;
      this.time.setAttribute("datetime", date.toISOString());
    }
    const offset = world().clock?.offset ?? 0;
    const ahead = offset >= 1 ? `+${duration(offset)}` : "real time";
    if (this.ahead.textContent !== ahead) this.ahead.textContent = ahead;
  }

  fromField() {
    const by = seconds(this.field.value);
    if (by === null) {
      toast("Write how far, for example 90m, 36h or 2d.");
      this.field.focus();
      return;
    }
    this.field.value = "";
    this.advance(by);
  }

  // Said beside the clock, where it covers nothing; a screen reader hears it too.
  moved(by) {
    this.said.textContent = `The clock moved ahead by ${duration(by)}.`;
    this.node.classList.remove("moved");
    void this.node.offsetWidth; // starts the highlight anew
    this.node.classList.add("moved");
  }

  async advance(by) {
    if (this.node.getAttribute("aria-busy") === "true") return;
    this.node.setAttribute("aria-busy", "true");
    const answer = await orToast(() => api.advance(by));
    this.node.removeAttribute("aria-busy");
    this.fold(false);
    if (answer) this.moved(by);
    await this.refresh();
  }
}

class People {
  constructor(onPerson) {
    this.onPerson = onPerson;
    this.node = h("div", { class: "people", role: "radiogroup", "aria-label": "Who you are" });
    this.node.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.fit()).observe(this.node.ownerDocument.documentElement);
  }

  // Where not everybody fits by name, the others are shown as avatars alone.
  fit() {
    this.node.classList.remove("compact");
    this.node.classList.toggle("compact", this.node.scrollWidth > this.node.clientWidth);
  }

  update() {
    const mine = me()?.id;
    reconcile(this.node, world().people.map((one) => ({
      key: one.id,
      signature: JSON.stringify([one, one.id === mine]),
      render: () => this.chip(one, one.id === mine),
    })));
    this.fit();
    this.node.querySelector('[aria-checked="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  chip(one, mine) {
    const role = ROLES[one.role] ?? one.role;
    return h("button", {
      class: "person", type: "button", role: "radio", "aria-checked": String(mine), tabindex: mine ? "0" : "-1",
      "aria-label": `${one.name}, ${role}`, title: `${one.name} · ${role} · ${one.locale}`,
      data: { testid: `person-${one.id}`, focusKey: `person-${one.id}` }, onclick: () => this.choose(one.id),
    }, avatar(one.id, one.name), h("span", { class: "person-text" }, h("span", { class: "person-name" }, one.name.split(" ")[0]), h("span", { class: "person-role" }, role)));
  }

  choose(id) {
    setViewer(id);
    this.update();
    this.onPerson();
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const ids = world().people.map((one) => one.id);
    const to = ids[(ids.indexOf(me().id) + step + ids.length) % ids.length];
    this.choose(to);
    this.node.querySelector('[aria-checked="true"]').focus();
  }
}

/**
 * Put the bar into `root`.
 * @param {HTMLElement} root
 * @param {{onPerson: () => void, refresh: () => Promise<void>}} spec
 * @returns {{update: () => void, online: (yes: boolean) => void}}
 */
export function mountBar(root, { onPerson, refresh }) {
  const clock = new Clock(refresh);
  const people = new People(onPerson);
  const offline = h("div", { class: "offline", role: "status", hidden: true }, "The sandbox does not answer. Trying again…");
  const help = h("button", { class: "bar-button bar-about", type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", "aria-label": "About this sandbox" }, "?");
  help.addEventListener("click", () => about(help));
  root.append(
    h("div", { class: "bar-brand" }, "Sandbox", help), clock.node,
    h("div", { class: "bar-you" }, h("span", { class: "bar-label", "aria-hidden": "true" }, "You are"), people.node));
  root.after(offline);
  return {
    update() {
      people.update();
      clock.tick();
    },
    online(yes) {
      offline.hidden = yes;
    },
  };
}

function about(anchor) {
  const text = h("div", { class: "about", role: "dialog", "aria-label": "About this sandbox", tabindex: "-1" },
    h("p", {}, h("strong", {}, world().scenario?.title ?? "")),
    h("p", {}, "A rehearsal on this machine: nothing here reaches the real Slack, HubSpot or Salesforce."),
    h("p", {}, "Choose at the right who you are, move the clock to make time pass, and start with ", h("code", {}, "/uninstall-salesforce"), "."));
  const popup = openPopup(anchor, text, { onClose: () => anchor.setAttribute("aria-expanded", "false") });
  anchor.setAttribute("aria-expanded", "true");
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && event.key !== "Tab") return;
    popup.close();
    anchor.focus();
  });
  text.focus();
}
