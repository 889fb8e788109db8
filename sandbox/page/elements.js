// Block Kit's interactive elements.

import { api } from "./api.js";
import { me, world } from "./directory.js";
import { h, icon, uid } from "./dom.js";
import { confirmed, openMenu, orToast } from "./layer.js";
import { textObject, textOf } from "./mrkdwn.js";
import { matching, select } from "./select.js";
import { standIn } from "./standins.js";
import { fileOption, focusKey, idOption, isMany, setValue, toApi, valueOf } from "./values.js";

const SUGGEST_DELAY = 300;
const DEFAULT_MIN_QUERY = 3; // Slack's, when min_query_length is not given

/**
 * Where an element stands: `field` is null outside input blocks.
 * @typedef {{element: any, block: any, surface: any, field: null|{id: string, labelId: string, describedBy: string, invalid: boolean, optional: boolean, dispatch: boolean}}} Place
 */

function hooks({ element, block, surface }, part = "") {
  return { actionId: element.action_id, blockId: block.block_id, focusKey: focusKey(surface, block, element, part) };
}

function naming({ element, field }) {
  if (field) {
    return { id: field.id, "aria-describedby": field.describedBy, "aria-invalid": field.invalid ? "true" : null, "aria-required": field.optional ? null : "true" };
  }
  return { "aria-label": element.accessibility_label ?? (textOf(element.placeholder) || element.action_id) };
}

/** Send the action, after its confirmation; true when it was sent. */
async function perform(place, node, value) {
  const { element, block, surface } = place;
  if (node.getAttribute("aria-busy") === "true") return false;
  if (!(await confirmed(element.confirm))) return false;
  node.setAttribute("aria-busy", "true");
  try {
    await surface.act(block, element, value);
  } finally {
    node.removeAttribute("aria-busy");
  }
  return true;
}

// Outside input blocks a change is an action at once; inside only when the block asks for it.
function changed(place, node, value) {
  setValue(place.surface, place.block, place.element, value);
  if (!place.field || place.field.dispatch) return perform(place, node, toApi(place.element, value));
  return Promise.resolve(true);
}

function button(place) {
  const { element } = place;
  const kind = element.style === "primary" || element.style === "danger" ? element.style : "";
  const common = { class: `button ${kind}`, "aria-label": element.accessibility_label, data: { ...hooks(place), value: element.value } };
  const act = () => perform(place, node);
  const node = element.url && /^(https?:\/\/|\/)/i.test(element.url)
    ? h("a", { ...common, ...standIn(element.url), onclick: act }, textObject(element.text), icon("link", 12))
    : h("button", { ...common, type: "button", onclick: act }, textObject(element.text));
  return node;
}

function overflow(place) {
  const node = h("button", { class: "button icon-only", type: "button", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": place.element.accessibility_label ?? "More actions", data: hooks(place) }, icon("more"));
  node.addEventListener("click", () => openMenu(node, place.element.options.map((option) => ({
    value: option.value,
    label: h("span", {}, textObject(option.text), option.description ? h("small", {}, textObject(option.description)) : null),
    run: () => {
      if (option.url && /^https?:/i.test(option.url)) window.open(option.url, "_blank", "noopener");
      perform(place, node, option.value);
    },
  })), "More actions"));
  return node;
}

function choices(place, type) {
  const { element, field } = place;
  const name = uid("choice");
  const held = () => valueOf(place.surface, place.block, element);
  const group = h("div", {
    class: "choices", role: type === "radio" ? "radiogroup" : "group",
    "aria-labelledby": field?.labelId, "aria-label": field ? null : element.action_id,
    "aria-describedby": field?.describedBy, "aria-invalid": field?.invalid ? "true" : null, data: hooks(place, "group"),
  });
  const draw = () => {
    for (const input of group.querySelectorAll("input")) input.checked = held().some((one) => one.value === input.value);
  };
  const pick = async (option, input) => {
    const before = held();
    const rest = before.filter((one) => one.value !== option.value);
    const after = type === "radio" ? [option] : input.checked ? [...before, option] : rest;
    const sent = await changed(place, group, after);
    if (!sent) setValue(place.surface, place.block, element, before);
    draw();
  };
  for (const option of element.options ?? []) {
    const id = uid("option");
    const input = h("input", { type, id, name, value: option.value, data: { value: option.value, focusKey: focusKey(place.surface, place.block, element, option.value) }, onchange: () => pick(option, input) });
    group.append(h("label", { class: "choice", for: id }, input, h("span", {}, textObject(option.text), option.description ? h("small", {}, textObject(option.description)) : null)));
  }
  draw();
  return group;
}

function dispatches(element, kind) {
  return (element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"]).includes(kind);
}

function textInput(place, attributes = {}) {
  const { element, block, surface, field } = place;
  const tag = element.multiline ? "textarea" : "input";
  const node = h(tag, {
    class: "text-input", type: tag === "input" ? "text" : null, rows: tag === "textarea" ? "4" : null, autocomplete: "off",
    placeholder: textOf(element.placeholder), maxlength: element.max_length, ...attributes, ...naming(place),
    data: { ...hooks(place), focusOnLoad: element.focus_on_load ? "true" : null },
  });
  node.value = valueOf(surface, block, element);
  const send = () => perform(place, node, node.value);
  node.addEventListener("input", () => {
    setValue(surface, block, element, node.value);
    if (field?.dispatch && dispatches(element, "on_character_entered")) send();
  });
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && tag === "input" && field?.dispatch && dispatches(element, "on_enter_pressed")) {
      event.preventDefault();
      send();
    }
  });
  return node;
}

function picker(place, type, { read = (value) => value, write = (value) => value } = {}) {
  const { element, block, surface } = place;
  const node = h("input", { class: "text-input date-input", type, ...naming(place), data: hooks(place) });
  node.value = write(valueOf(surface, block, element));
  node.addEventListener("change", () => changed(place, node, read(node.value)));
  return node;
}

const localDateTime = {
  read: (value) => (value ? String(Math.floor(new Date(value).valueOf() / 1000)) : ""),
  write: (value) => {
    if (!value) return "";
    const date = new Date(Number(value) * 1000);
    return new Date(date.valueOf() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  },
};

function fileInput(place) {
  const { element, block, surface } = place;
  const types = (element.filetypes ?? []).map((type) => `.${type}`).join(",");
  const list = h("ul", { class: "file-list", "aria-live": "polite" });
  const node = h("input", { type: "file", class: "text-input", accept: types || null, multiple: (element.max_files ?? 10) > 1, ...naming(place), data: hooks(place) });
  const draw = () => list.replaceChildren(...valueOf(surface, block, element).map((option) => h("li", {}, icon("file", 14), textOf(option.text))));
  node.addEventListener("change", () => orToast(async () => {
    const picked = [...node.files].slice(0, element.max_files ?? 10);
    node.setAttribute("aria-busy", "true");
    try {
      const answers = await Promise.all(picked.map((file) => api.upload(me().id, file)));
      await changed(place, node, answers.map((answer) => fileOption(answer.file)));
    } finally {
      node.removeAttribute("aria-busy");
    }
    draw();
  }));
  draw();
  return h("div", { class: "file-input" }, node, list);
}

const fixedGroups = (element) => element.option_groups ?? [{ options: element.options ?? [] }];

const people = () => [{ options: world().people.map((one) => idOption(one.id)) }];
const channels = () => [{ options: world().channels.map((one) => idOption(one.id)) }];

function suggestions({ element, block, surface }) {
  return async (query) => {
    const answer = await surface.suggest(block, element, query);
    const groups = answer.option_groups?.length ? answer.option_groups : [{ options: answer.options ?? [] }];
    return groups.filter((group) => group.options?.length);
  };
}

function combobox(place, groups, extra = {}) {
  const { element, block, surface, field } = place;
  const many = isMany(element);
  let before = valueOf(surface, block, element);
  let node = null;
  const done = async (options) => {
    const sent = await changed(place, node.querySelector("input"), options);
    if (sent) {
      before = options;
    } else {
      setValue(surface, block, element, before);
      node.replaceWith(combobox(place, groups, extra));
    }
  };
  node = select({
    attributes: { ...naming(place), data: { ...hooks(place), focusOnLoad: element.focus_on_load ? "true" : null } },
    placeholder: textOf(element.placeholder) || (many ? "Select options" : "Select an item"),
    chosen: before,
    many,
    clearable: Boolean(field?.optional),
    max: element.max_selected_items,
    load: (query) => matching(groups(), query),
    onPick: (options) => setValue(surface, block, element, options),
    onDone: done,
    ...extra,
  });
  return node;
}

const external = (place) =>
  combobox(place, () => [], {
    load: suggestions(place),
    minQuery: place.element.min_query_length ?? DEFAULT_MIN_QUERY,
    delay: SUGGEST_DELAY,
  });

const fixed = (place) => combobox(place, () => fixedGroups(place.element));
const users = (place) => combobox(place, people);
const channelList = (place) => combobox(place, channels);

const DRAW = {
  button,
  overflow,
  checkboxes: (place) => choices(place, "checkbox"),
  radio_buttons: (place) => choices(place, "radio"),
  plain_text_input: (place) => textInput(place),
  email_text_input: (place) => textInput(place, { inputmode: "email" }),
  url_text_input: (place) => textInput(place, { inputmode: "url" }),
  number_input: (place) => textInput(place, { inputmode: place.element.is_decimal_allowed ? "decimal" : "numeric" }),
  datepicker: (place) => picker(place, "date"),
  timepicker: (place) => picker(place, "time"),
  datetimepicker: (place) => picker(place, "datetime-local", localDateTime),
  static_select: fixed,
  multi_static_select: fixed,
  external_select: external,
  multi_external_select: external,
  users_select: users,
  multi_users_select: users,
  channels_select: channelList,
  multi_channels_select: channelList,
  conversations_select: channelList,
  multi_conversations_select: channelList,
  file_input: fileInput,
};

/** Draw an interactive element. @param {Place} place */
export function drawElement(place) {
  const draw = DRAW[place.element.type];
  return draw ? draw(place) : h("span", { class: "unknown" }, `(${place.element.type} is not drawn by the sandbox)`);
}
