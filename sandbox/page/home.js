// The App Home of the person we are.

import { api } from "./api.js";

const ECHO = 3_000; // milliseconds in which a change is taken for the app's answer to our asking

/**
 * Asking for the Home tells the app that it was opened, and the app answers by publishing it, which
 * is a change again. So a change soon after asking is followed once, to see the answer, and then
 * not again, or page and app would keep each other busy for ever.
 */
export class Home {
  constructor() {
    this.leave();
  }

  /** The Home is no longer looked at. */
  leave() {
    this.user = null;
    this.view = null;
    this.asked = -Infinity;
    this.followed = false;
    return null;
  }

  /** Something was done on the Home: its next change is worth asking for. */
  expect() {
    this.asked = -Infinity;
    this.followed = false;
  }

  /** The Home of `user` as it is known now: a view or null. */
  async ask(user) {
    const soon = performance.now() - this.asked < ECHO;
    if (user === this.user && soon && this.followed) return this.view;
    this.followed = user === this.user && soon;
    this.user = user;
    this.asked = performance.now();
    const answer = await api.home(user);
    if (user === this.user) this.view = answer.view;
    return this.view;
  }
}
