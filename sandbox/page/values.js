// What is filled in: values that were typed or picked here, until their message or view is gone.
//
// A surface is a message or a view that blocks are drawn on:
//   key      string, unique
//   state    {block_id: {action_id: …}} as the server knows it, or undefined
//   act      (block, element, value) => Promise<void>
//   suggest  (block, element, query) => Promise<{options, option_groups}>
//   problem  (block) => {error?: string, warning?: string}
//   edited   (block) => void, called when something in a block was changed
//
// A choice is kept as a list of options {value, text}; everything else as a string.

import { channel, person, userName } from "./directory.js";

const drafts = new Map();

const keyOf = (surface, block, element) => `${surface.key}|${block.block_id}|${element.action_id}`;

/** The key by which focus returns to an element after it was drawn anew. */
export const focusKey = (surface, block, element, part = "") => `${keyOf(surface, block, element)}|${part}`;

const TEXT = {
  plain_text_input: "initial_value",
  email_text_input: "initial_value",
  url_text_input: "initial_value",
  number_input: "initial_value",
  datepicker: "initial_date",
  timepicker: "initial_time",
  datetimepicker: "initial_date_time",
};

const CHOICE = {
  static_select: "initial_option",
  external_select: "initial_option",
  radio_buttons: "initial_option",
  multi_static_select: "initial_options",
  multi_external_select: "initial_options",
  checkboxes: "initial_options",
  users_select: "initial_user",
  multi_users_select: "initial_users",
  conversations_select: "initial_conversation",
  multi_conversations_select: "initial_conversations",
  channels_select: "initial_channel",
  multi_channels_select: "initial_channels",
  file_input: "",
};

const MANY = new Set(["checkboxes", "file_input", ...Object.keys(CHOICE).filter((type) => type.startsWith("multi_"))]);

export const isMany = (element) => MANY.has(element.type);
export const isText = (element) => element.type in TEXT;
export const holdsValue = (element) => element.type in TEXT || element.type in CHOICE;

/** The option that stands for an id of a person or a channel. */
export function idOption(id) {
  const name = channel(id) && !person(id) ? `#${channel(id).name}` : userName(id);
  return { value: id, text: { type: "plain_text", text: name, emoji: false } };
}

/** The option that stands for an uploaded file. */
export const fileOption = (file) => ({ value: file.id, text: { type: "plain_text", text: file.name, emoji: false } });

function asOptions(value) {
  if (value === undefined || value === null) return [];
  return [value].flat().map((one) => (typeof one === "string" ? idOption(one) : one.value === undefined ? fileOption(one) : one));
}

const STATE_FIELDS = [
  "selected_option", "selected_options", "selected_user", "selected_users",
  "selected_conversation", "selected_conversations", "selected_channel", "selected_channels", "files",
];

function fromState(element, entry) {
  if (isText(element)) {
    const value = entry.value ?? entry.selected_date ?? entry.selected_time ?? entry.selected_date_time;
    return value === null || value === undefined ? "" : String(value);
  }
  return asOptions(STATE_FIELDS.map((field) => entry[field]).find((value) => value !== undefined && value !== null));
}

/** What an element holds now: a string, or a list of options. */
export function valueOf(surface, block, element) {
  const key = keyOf(surface, block, element);
  if (drafts.has(key)) return drafts.get(key);
  const entry = surface.state?.[block.block_id]?.[element.action_id];
  if (entry) return fromState(element, entry);
  const initial = element[TEXT[element.type] ?? CHOICE[element.type]];
  return isText(element) ? String(initial ?? "") : asOptions(initial);
}

/** Remember what was typed or picked. */
export function setValue(surface, block, element, value) {
  drafts.set(keyOf(surface, block, element), value);
  surface.edited(block);
}

/** Forget everything of a message or view that is gone. */
export function forget(surfaceKey) {
  for (const kept of [drafts, sent]) {
    for (const key of kept.keys()) if (key.startsWith(`${surfaceKey}|`)) kept.delete(key);
  }
}

/** A held value in the notation of the sandbox's API. */
export function toApi(element, value) {
  if (["datepicker", "timepicker"].includes(element.type)) return value || null;
  if (element.type === "datetimepicker") return value ? Number(value) : null;
  if (isText(element)) return value;
  const values = value.map((option) => option.value);
  return isMany(element) ? values : (values[0] ?? null);
}

/** Every element of a list of blocks, with its block. */
export function* elementsOf(blocks) {
  for (const block of blocks ?? []) {
    const elements = [block.element, block.accessory, ...(block.type === "actions" ? block.elements : [])];
    for (const element of elements) if (element?.action_id) yield [block, element];
  }
}

const sent = new Map();

/** `[block, element, value]` of inputs that were changed since this was last asked, but for `acting`. */
export function unsentInputs(surface, blocks, acting) {
  const found = [];
  for (const [block, element] of elementsOf(blocks)) {
    const key = keyOf(surface, block, element);
    if (block.type !== "input" || element === acting || !drafts.has(key)) continue;
    const value = toApi(element, drafts.get(key));
    const mark = JSON.stringify(value);
    if (sent.get(key) !== mark) found.push([block, element, value]);
    sent.set(key, mark);
  }
  return found;
}

/** `{block_id: {action_id: value}}` of what was changed here. */
export function changedValues(surface, blocks) {
  const values = {};
  for (const [block, element] of elementsOf(blocks)) {
    const key = keyOf(surface, block, element);
    if (drafts.has(key) && holdsValue(element)) {
      (values[block.block_id] ??= {})[element.action_id] = toApi(element, drafts.get(key));
    }
  }
  return values;
}
