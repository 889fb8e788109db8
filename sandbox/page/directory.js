// Who and what the ids in texts mean, whose eyes we look through, and the sandbox's time.

const VIEWER_KEY = "sandbox.person";
const PLACE_KEY = "sandbox.place";

let state = { people: [], channels: [], bot: null, clock: { offset: 0 } };
let viewer = null;

/** Take over `GET /sandbox/state`; keeps the person who was chosen, or takes the administrator. */
export function setDirectory(next) {
  state = next;
  const wanted = viewer?.id ?? new URLSearchParams(location.search).get("as") ?? remembered();
  viewer =
    next.people.find((person) => person.id === wanted) ??
    next.people.find((person) => person.role === "administrator") ??
    next.people[0];
}

function remembered() {
  try {
    return localStorage.getItem(VIEWER_KEY);
  } catch {
    return null;
  }
}

/** Become another person: kept in this tab's address and, for new tabs, in the browser. */
export function setViewer(id) {
  viewer = state.people.find((person) => person.id === id) ?? viewer;
  const url = new URL(location.href);
  url.searchParams.set("as", viewer.id);
  history.replaceState(history.state, "", url);
  try {
    localStorage.setItem(VIEWER_KEY, viewer.id);
  } catch {
    // A browser without storage still has the address.
  }
}

/** Keep in mind which channel and thread this tab shows, for the way back from another page. */
export function keepPlace(hash) {
  try {
    sessionStorage.setItem(PLACE_KEY, hash);
  } catch {
    // Without storage the way back leads to the first channel.
  }
}

/** The address of the chat page as this tab showed it last. */
export function chatAddress() {
  let hash = "";
  try {
    hash = sessionStorage.getItem(PLACE_KEY) ?? "";
  } catch {
    hash = "";
  }
  return `/?as=${encodeURIComponent(viewer.id)}${hash}`;
}

export const world = () => state;
export const me = () => viewer;
export const person = (id) => state.people.find((one) => one.id === id);
export const channel = (id) => state.channels.find((one) => one.id === id);
export const isBot = (id) => Boolean(state.bot && id === state.bot.id);

/** The language and region of the person we are. */
export function locale() {
  return viewer?.locale ?? "en-US";
}

/** A name for a user id, the bot's included. */
export function userName(id) {
  return person(id)?.name ?? (isBot(id) ? state.bot.name : id);
}

/** The sandbox's time in milliseconds. */
export const now = () => Date.now() + (state.clock?.offset ?? 0) * 1000;

export const ROLES = {
  administrator: "Administrator",
  approver: "Approver",
  bystander: "Bystander",
  salesforce_only: "Salesforce only",
};

/** A number as this person writes it. */
export const number = (value) => new Intl.NumberFormat(locale()).format(value);

/** A moment as this person writes it, in the browser's time zone. */
export function moment(value, options = { dateStyle: "medium", timeStyle: "short" }) {
  if (value === null || value === undefined || value === "") return "–";
  const date = typeof value === "number" ? new Date(value < 1e11 ? value * 1000 : value) : new Date(value);
  return Number.isNaN(date.valueOf()) ? String(value) : new Intl.DateTimeFormat(locale(), options).format(date);
}
