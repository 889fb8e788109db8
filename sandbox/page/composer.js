// The field one writes in: messages, slash commands with hints, mentions.

import { ROLES, world } from "./directory.js";
import { avatar, h, icon, uid } from "./dom.js";

const NAME = "/uninstall-salesforce";
const COMMANDS = [
  [NAME, "", "Start, or show where we are"],
  [`${NAME} plan`, "", "Look first: what would happen, read-only"],
  [`${NAME} status`, "", "Where the run stands and who is waited for"],
  [`${NAME} cancel`, "", "Stop the run"],
  [`${NAME} handover`, "@user", "Hand the run to another administrator"],
  [`${NAME} freeze`, "", "Nothing leaves the bot until unfrozen"],
  [`${NAME} unfreeze`, "", "Go on after a freeze"],
  [`${NAME} audit`, "", "The audit log of the run"],
  [`${NAME} help`, "", "What the command can do"],
];

function commandHints(text) {
  if (!text.startsWith("/") || text.includes("\n")) return null;
  const typed = text.toLowerCase();
  const hits = COMMANDS.filter(([command]) => command.startsWith(typed.trimEnd()) && command !== typed.trim());
  return hits.map(([command, usage, what]) => ({
    label: [h("code", {}, command, usage ? h("i", {}, ` ${usage}`) : null), h("small", {}, what)],
    value: command,
    text: usage || command === NAME ? `${command} ` : command,
  }));
}

function personHints(text, caret) {
  const match = /(^|\s)@([\p{L}\p{N}. -]{0,30})$/u.exec(text.slice(0, caret));
  if (!match) return null;
  const typed = match[2].toLowerCase();
  const start = caret - match[2].length - 1;
  return world().people
    .filter((one) => one.name.toLowerCase().startsWith(typed) && one.name.toLowerCase() !== typed)
    .map((one) => ({
      label: [avatar(one.id, one.name, { size: "tiny" }), h("span", {}, one.name), h("small", {}, ROLES[one.role] ?? one.role)],
      value: one.id,
      text: `${text.slice(0, start)}@${one.name} ${text.slice(caret)}`,
    }));
}

/** What a person wrote, with Slack's three escapes. */
export const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Mentions as Slack carries them: `@Full Name` becomes `<@ID>`. */
export function withMentions(text) {
  const people = [...world().people].sort((a, b) => b.name.length - a.name.length);
  return people.reduce((result, one) => result.replaceAll(`@${one.name}`, `<@${one.id}>`), text);
}

/** A composer; `send` resolves to true when the text was taken and the field may be emptied. */
export class Composer {
  /** @param {{testid: string, send: (text: string) => Promise<boolean>}} spec */
  constructor({ testid, send }) {
    this.send = send;
    this.drafts = new Map();
    this.place = "";
    this.hints = [];
    this.at = -1;
    this.listId = uid("hints");
    this.list = h("div", { class: "hints", role: "listbox", id: this.listId, "aria-label": "Suggestions", hidden: true });
    this.field = h("textarea", {
      rows: "1", class: "composer-field", "aria-autocomplete": "list", "aria-controls": this.listId,
      autocomplete: "off", spellcheck: "false", data: { testid, focusKey: testid },
      oninput: () => this.changed(), onkeydown: (event) => this.key(event), onblur: () => setTimeout(() => this.show([]), 150), onclick: () => this.suggest(),
    });
    const button = h("button", { class: "composer-send", type: "submit", "aria-label": "Send", data: { testid: `${testid}-send` } }, icon("send"));
    this.node = h("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); this.submit(); } }, this.list, h("div", { class: "composer-box" }, this.field, button));
  }

  /** Point the composer at another place; what was typed there before comes back. */
  aim(place, placeholder) {
    this.field.placeholder = placeholder;
    this.field.setAttribute("aria-label", placeholder);
    if (place === this.place) return;
    this.drafts.set(this.place, this.field.value);
    this.place = place;
    this.field.value = this.drafts.get(place) ?? "";
    this.show([]);
    this.grow();
  }

  focus() {
    this.field.focus();
  }

  changed() {
    this.grow();
    this.suggest();
  }

  grow() {
    this.field.style.height = "auto";
    if (!this.field.scrollHeight) return;
    this.field.style.height = `${Math.min(this.field.scrollHeight, 180)}px`;
  }

  suggest() {
    const { value, selectionStart } = this.field;
    this.show(personHints(value, selectionStart) ?? commandHints(value) ?? []);
    const completing = value.startsWith("/") && !value.startsWith(NAME);
    if (this.hints.length && completing) this.move(0);
  }

  show(hints) {
    this.hints = hints;
    this.at = -1;
    this.list.hidden = !hints.length;
    this.field.removeAttribute("aria-activedescendant");
    this.list.replaceChildren(...hints.map((hint, index) => h("div", {
      role: "option", class: "option hint-option", id: `${this.listId}-${index}`, "aria-selected": "false", data: { value: hint.value },
      onpointerdown: (event) => event.preventDefault(), onclick: () => this.take(hint),
    }, hint.label)));
  }

  move(index) {
    const count = this.hints.length;
    this.at = (index + count) % count;
    [...this.list.children].forEach((node, at) => {
      node.classList.toggle("active", at === this.at);
      node.setAttribute("aria-selected", String(at === this.at));
    });
    this.list.children[this.at].scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", `${this.listId}-${this.at}`);
  }

  take(hint) {
    this.field.value = hint.text;
    this.field.focus();
    this.changed();
  }

  key(event) {
    const open = this.hints.length > 0;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.move(event.key === "ArrowDown" ? this.at + 1 : Math.max(this.at, 0) - 1);
    } else if (open && event.key === "Escape") {
      event.preventDefault();
      this.show([]);
    } else if (open && this.at >= 0 && (event.key === "Enter" || event.key === "Tab") && !event.shiftKey) {
      event.preventDefault();
      this.take(this.hints[this.at]);
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.submit();
    }
  }

  async submit() {
    const text = this.field.value.trim();
    if (!text || this.node.getAttribute("aria-busy") === "true") return;
    const before = this.field.value;
    this.node.setAttribute("aria-busy", "true");
    this.field.value = "";
    this.show([]);
    this.grow();
    const taken = await this.send(text);
    this.node.removeAttribute("aria-busy");
    if (!taken && !this.field.value) {
      this.field.value = before;
      this.grow();
    }
  }
}
