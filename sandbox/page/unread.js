// Which channels hold something this person has not seen.

import { api } from "./api.js";

const KEY = "sandbox.read";
const PAUSE = 1_500; // milliseconds between two looks at the other channels

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

export class Unread {
  constructor() {
    this.seen = stored();
    this.newest = {};
    this.timer = null;
  }

  /** This person has seen these messages of a channel. */
  read(viewer, channel, messages) {
    const key = `${viewer}|${channel}`;
    const last = newest(messages);
    this.newest[key] = last;
    if (this.seen[key] === last || document.hidden) return;
    this.seen[key] = last;
    try {
      localStorage.setItem(KEY, JSON.stringify(this.seen));
    } catch {
      // Without storage the marks last as long as the tab.
    }
  }

  /** Whether something in the channel is newer than what this person saw. */
  has(viewer, channel) {
    const key = `${viewer}|${channel}`;
    return Number(this.newest[key] ?? 0) > Number(this.seen[key] ?? 0);
  }

  /** Look at the other channels soon, and `redraw` if a mark changed. */
  look(viewer, channels, current, redraw) {
    if (!viewer || this.timer) return;
    this.timer = setTimeout(async () => {
      const others = [...channels.map((one) => one.id), viewer].filter((id) => id !== current);
      const before = JSON.stringify(this.newest);
      await Promise.all(others.map(async (id) => {
        const answer = await api.messages(id, viewer).catch(() => null);
        if (answer) this.newest[`${viewer}|${id}`] = newest(answer.messages);
      }));
      this.timer = null;
      if (JSON.stringify(this.newest) !== before) redraw();
    }, PAUSE);
  }
}

function newest(messages) {
  return messages.filter((one) => !one.ephemeral).at(-1)?.ts ?? "0";
}
