// A searchable select: one or many, fixed options or asked for while typing.

import { h, icon, uid } from "./dom.js";
import { openPopup } from "./layer.js";
import { textObject, textOf } from "./mrkdwn.js";

/**
 * @typedef {{value: string, text: any, description?: any}} Option
 * @typedef {{label?: any, options: Option[]}} Group
 * @typedef {object} Spec
 * @property {Record<string, any>} attributes of the input
 * @property {string} placeholder
 * @property {Option[]} chosen
 * @property {boolean} many
 * @property {boolean} clearable
 * @property {number} [max] most that can be picked
 * @property {number} [minQuery] characters needed before `load` is asked
 * @property {number} [delay] milliseconds of quiet before `load` is asked; without it `load` answers at once
 * @property {(query: string) => Promise<Group[]>|Group[]} load
 * @property {(options: Option[]) => void} onPick after every change
 * @property {(options: Option[]) => void} onDone when the list closed with another choice
 */

/** The groups whose options contain `query`, for fixed lists. */
export function matching(groups, query) {
  const wanted = query.trim().toLocaleLowerCase();
  const fits = (option) => textOf(option.text).toLocaleLowerCase().includes(wanted);
  return groups
    .map((group) => ({ ...group, options: group.options.filter((one) => !wanted || fits(one)) }))
    .filter((group) => group.options.length);
}

class Select {
  /** @param {Spec} spec */
  constructor(spec) {
    this.spec = spec;
    this.chosen = [...spec.chosen];
    this.flat = [];
    this.at = -1;
    this.asked = 0;
    this.listId = uid("list");
    this.input = h("input", {
      type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", class: "select-input",
      "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": this.listId, "aria-haspopup": "listbox",
      ...spec.attributes,
    });
    this.chips = h("span", { class: "chips" });
    this.clear = h("button", { type: "button", class: "icon-button select-clear", "aria-label": "Clear selection", onclick: () => this.pickNone() }, icon("close", 12));
    this.node = h("div", { class: `select ${spec.many ? "many" : ""}` }, this.chips, this.input, this.clear, icon("down", 14));
    this.listen();
    this.draw();
  }

  listen() {
    this.node.addEventListener("click", (event) => {
      if (event.target.closest("button")) return;
      this.input.focus();
      if (!this.popup) this.open();
    });
    this.input.addEventListener("input", () => {
      if (!this.popup) this.open(this.input.value);
      else this.search(this.input.value);
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => setTimeout(() => {
      if (document.activeElement !== this.input && this.popup && !this.popup.node.contains(document.activeElement)) this.close();
    }, 100));
  }

  draw() {
    const single = this.spec.many ? null : this.chosen[0];
    if (!this.popup) this.input.value = single ? textOf(single.text) : "";
    this.input.placeholder = this.spec.many && this.chosen.length ? "" : single && this.popup ? textOf(single.text) : this.spec.placeholder;
    this.clear.hidden = !(this.spec.clearable && single);
    this.chips.replaceChildren(...(this.spec.many ? this.chosen.map((option) => this.chip(option)) : []));
  }

  chip(option) {
    const name = textOf(option.text);
    return h("span", { class: "chip", data: { value: option.value } }, name,
      h("button", { type: "button", class: "icon-button", "aria-label": `Remove ${name}`, onclick: () => { this.toggle(option); this.input.focus(); if (!this.popup) this.done(); } }, icon("close", 10)));
  }

  open(query = "") {
    if (this.input.disabled || this.popup) return;
    this.before = JSON.stringify(this.chosen.map((one) => one.value));
    this.list = h("div", { role: "listbox", id: this.listId, class: "listbox", "aria-label": this.input.getAttribute("aria-label") ?? "Options", "aria-multiselectable": this.spec.many ? "true" : null });
    this.note = h("div", { class: "list-note", role: "status" });
    this.popup = openPopup(this.node, [this.list, this.note], { matchWidth: true, onClose: () => this.closed() });
    this.popup.node.addEventListener("pointerdown", (event) => event.preventDefault());
    this.input.setAttribute("aria-expanded", "true");
    if (!query) this.input.value = "";
    this.draw();
    this.search(query, 0);
  }

  close() {
    this.popup?.close();
  }

  closed() {
    this.popup = null;
    this.asked += 1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.draw();
    this.done();
  }

  done() {
    const after = JSON.stringify(this.chosen.map((one) => one.value));
    if (after === (this.before ?? "")) return;
    this.before = after;
    this.spec.onDone([...this.chosen]);
  }

  search(query, delay = this.spec.delay) {
    const ticket = (this.asked += 1);
    const short = query.trim().length < (this.spec.minQuery ?? 0);
    if (short) {
      const count = this.spec.minQuery;
      this.show([], `Type at least ${count} character${count === 1 ? "" : "s"} to search`);
      return;
    }
    if (!this.spec.delay) {
      this.found(this.spec.load(query));
      return;
    }
    this.note.textContent = "Searching…";
    setTimeout(() => this.ask(query, ticket), delay);
  }

  async ask(query, ticket) {
    if (ticket !== this.asked) return;
    try {
      const groups = await this.spec.load(query);
      if (ticket === this.asked && this.popup) this.found(groups);
    } catch (error) {
      if (ticket === this.asked && this.popup) this.show([], error.message);
    }
  }

  found(groups) {
    this.show(groups, groups.length ? "" : "No matches");
  }

  show(groups, note) {
    this.flat = groups.flatMap((group) => group.options);
    let index = 0;
    const draw = (option) => this.option(option, index++);
    this.list.replaceChildren(...groups.map((group) => {
      const options = group.options.map(draw);
      if (!group.label) return h("div", { role: "presentation" }, options);
      const id = uid("group");
      return h("div", { role: "group", "aria-labelledby": id }, h("div", { class: "list-group", id, role: "presentation" }, textObject(group.label)), options);
    }));
    this.note.textContent = note;
    this.note.hidden = !note;
    const current = this.flat.findIndex((one) => this.has(one));
    this.move(current >= 0 && !this.spec.many ? current : this.flat.length ? 0 : -1);
    this.popup.place();
  }

  option(option, index) {
    return h("div", {
      role: "option", class: "option", id: `${this.listId}-${index}`, "aria-selected": String(this.has(option)), data: { value: option.value },
      onclick: () => this.pick(option), onpointermove: () => this.move(index, false),
    }, this.spec.many ? h("span", { class: "tick", "aria-hidden": "true" }, icon("check", 12)) : null,
    h("span", { class: "option-text" }, textObject(option.text), option.description ? h("small", {}, textObject(option.description)) : null));
  }

  move(index, scroll = true) {
    this.list.querySelector(".option.active")?.classList.remove("active");
    this.at = index;
    const node = index >= 0 ? document.getElementById(`${this.listId}-${index}`) : null;
    node?.classList.add("active");
    if (node) this.input.setAttribute("aria-activedescendant", node.id);
    else this.input.removeAttribute("aria-activedescendant");
    if (scroll) node?.scrollIntoView({ block: "nearest" });
  }

  has(option) {
    return this.chosen.some((one) => one.value === option.value);
  }

  pick(option) {
    if (this.spec.many) {
      this.toggle(option);
      if (this.input.value) {
        this.input.value = "";
        this.search("", 0);
      }
      return;
    }
    this.chosen = [option];
    this.spec.onPick([...this.chosen]);
    this.close();
  }

  toggle(option) {
    if (!this.popup) this.before = JSON.stringify(this.chosen.map((one) => one.value));
    if (this.has(option)) this.chosen = this.chosen.filter((one) => one.value !== option.value);
    else if (this.chosen.length < (this.spec.max ?? Infinity)) this.chosen.push(option);
    this.spec.onPick([...this.chosen]);
    this.draw();
    for (const node of this.list?.querySelectorAll(".option") ?? []) {
      node.setAttribute("aria-selected", String(this.chosen.some((one) => one.value === node.dataset.value)));
    }
    this.popup?.place();
  }

  pickNone() {
    this.before = JSON.stringify(this.chosen.map((one) => one.value));
    this.chosen = [];
    this.spec.onPick([]);
    this.draw();
    this.input.focus();
    this.done();
  }

  key(event) {
    const last = this.flat.length - 1;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!this.popup) this.open();
      else if (last >= 0) this.move((this.at + (event.key === "ArrowDown" ? 1 : last + 1)) % (last + 1));
    } else if (event.key === "Enter") {
      if (this.popup || !this.spec.submitsOnEnter) event.preventDefault();
      if (!this.popup) this.open();
      else if (this.at >= 0) this.pick(this.flat[this.at]);
    } else if (event.key === "Escape" && this.popup) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key === "Tab") {
      this.close();
    } else if (event.key === "Backspace" && !this.input.value && this.spec.many && this.chosen.length) {
      this.toggle(this.chosen.at(-1));
      if (!this.popup) this.done();
    }
  }
}

/** Draw a select. @param {Spec} spec */
export const select = (spec) => new Select(spec).node;
