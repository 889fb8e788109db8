// The App Home of the person we are.

import { api } from "./api.js";

/** Going to the Home tells the app that it was opened; looking again tells it nothing. */
export class Home {
  constructor() {
    this.leave();
  }

  /** The Home is no longer looked at. */
  leave() {
    this.user = null;
    return null;
  }

  /** The Home of `user` as it is known now: a view or null. */
  async ask(user) {
    const again = user === this.user;
    this.user = user;
    return (await api.home(user, again)).view;
  }
}
