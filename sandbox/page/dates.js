// Slack's date tokens, in the browser's time zone and the person's language.

import { h } from "./dom.js";
import { locale, now } from "./directory.js";

const DAY = 86_400_000;
const STYLES = {
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).valueOf();

/** Days from today (the sandbox's) to `date`: -1 is yesterday. */
function daysAway(date) {
  return Math.round((midnight(date) - midnight(new Date(now()))) / DAY);
}

const write = (date, options) => new Intl.DateTimeFormat(locale(), options).format(date);

function pretty(date, style) {
  const away = daysAway(date);
  if (Math.abs(away) > 1) return write(date, STYLES[style]);
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(away, "day");
}

/** "in 3 hours", "2 days ago". */
export function ago(date) {
  const seconds = (date.valueOf() - now()) / 1000;
  const steps = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? steps[3];
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

function token(date, name) {
  if (name === "ago") return ago(date);
  if (name === "date_num") return write(date, { year: "numeric", month: "2-digit", day: "2-digit" });
  if (name === "day_divider_pretty") return dayLabel(date);
  if (name.endsWith("_pretty")) return pretty(date, name.slice(0, -"_pretty".length));
  return STYLES[name] ? write(date, STYLES[name]) : `{${name}}`;
}

/** Fill Slack's `{date_short_pretty}`-like tokens for a moment in epoch seconds. */
export function formatDate(seconds, format) {
  const date = new Date(seconds * 1000);
  return format.replace(/\{(\w+)\}/g, (_, name) => token(date, name));
}

/** The `<!date^…>` element: the text in the person's words, the exact moment as its title. */
export function dateNode(seconds, format, fallback) {
  const date = new Date(seconds * 1000);
  if (!Number.isFinite(seconds) || Number.isNaN(date.valueOf())) return h("span", {}, fallback ?? format);
  const title = write(date, { dateStyle: "full", timeStyle: "long" });
  return h("time", { class: "date", datetime: date.toISOString(), title }, formatDate(seconds, format));
}

/** The heading over a day's messages. */
export function dayLabel(date) {
  const away = daysAway(date);
  const label =
    Math.abs(away) <= 1
      ? new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(away, "day")
      : write(date, { weekday: "long", month: "long", day: "numeric" });
  return label[0].toLocaleUpperCase(locale()) + label.slice(1);
}

/** Hours and minutes of a message's `ts`. */
export const clockTime = (ts) => write(new Date(Number(ts) * 1000), STYLES.time);

/** The whole moment of a message's `ts`. */
export const fullTime = (ts) => write(new Date(Number(ts) * 1000), { dateStyle: "full", timeStyle: "medium" });
