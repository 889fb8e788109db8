// The stack of open modals: the topmost is shown, the ones below are a step back.

import { api } from "./api.js";
import { blockItems } from "./blocks.js";
import { me } from "./directory.js";
import { avatar, h, icon, reconcile, uid } from "./dom.js";
import { orToast, showDialog, toast } from "./layer.js";
import { textObject, textOf } from "./mrkdwn.js";
import { makeSurface, unanswered } from "./surface.js";
import { changedValues, elementsOf, forget, isText, valueOf } from "./values.js";

export const NO_ANSWER = "We had some trouble connecting. Try again?";
const REQUIRED = "Please complete this required field.";

/** One dialog for the whole stack of the person we are. */
export class Modals {
  /** @param {() => Promise<void>} refresh asks the server for what is open now */
  constructor(refresh) {
    this.refresh = refresh;
    this.views = [];
    this.errors = {};
    this.banner = "";
    this.busy = false;
  }

  get top() {
    return this.views.at(-1);
  }

  /** Show this stack. @param {any[]} views topmost last */
  update(views) {
    const before = this.top?.id;
    for (const view of this.views) {
      if (!views.some((one) => one.id === view.id)) forget(`v:${view.id}`);
    }
    this.views = views;
    if (!this.top) {
      this.hide();
      return;
    }
    if (this.top.id !== before) this.fresh();
    if (!this.dialog) this.build();
    this.draw();
    if (this.top.id !== before) this.focusFirst();
  }

  fresh() {
    this.errors = {};
    this.banner = "";
    this.busy = false;
  }

  hide() {
    this.closeDialog?.();
    this.closeDialog = null;
    this.dialog = null;
    this.fresh();
  }

  build() {
    const titleId = uid("modal-title");
    this.back = h("button", { class: "icon-button", type: "button", "aria-label": "Back", data: { testid: "modal-back" }, onclick: () => this.close(1) }, icon("back"));
    this.title = h("h2", { id: titleId });
    this.body = h("div", { class: "modal-body", tabindex: "0", data: { focusHome: "modal" } });
    this.note = h("div", { class: "modal-banner", role: "alert", data: { testid: "modal-banner" } });
    this.foot = h("div", { class: "dialog-foot" });
    this.cancel = h("button", { class: "button", type: "button", data: { testid: "modal-cancel", focusKey: "modal-cancel" }, onclick: () => this.close(1) });
    this.submitButton = h("button", { class: "button primary", type: "submit", data: { testid: "modal-submit", focusKey: "modal-submit" } });
    this.foot.append(this.cancel, this.submitButton);
    const form = h("form", { class: "modal-form", novalidate: true, onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      h("div", { class: "dialog-head" }, this.back, avatar("app", "", { app: true, size: "small" }), this.title,
        h("button", { class: "icon-button", type: "button", "aria-label": "Close", data: { testid: "modal-close" }, onclick: () => this.close(this.views.length) }, icon("close"))),
      this.note, this.body, this.foot);
    this.dialog = h("dialog", { class: "dialog modal", "aria-labelledby": titleId, data: { testid: "modal" } }, form);
    this.closeDialog = showDialog(this.dialog, () => this.close(1));
  }

  surface(view) {
    return makeSurface({
      key: `v:${view.id}`,
      container: { type: "view", view_id: view.id },
      state: view.state?.values,
      blocks: view.blocks,
      refresh: () => this.refresh(),
      redraw: () => this.draw(),
      errors: this.errors,
      onEdit: (block) => this.edited(block),
    });
  }

  draw() {
    const view = this.top;
    if (!view || !this.dialog) return;
    this.dialog.dataset.viewId = view.id;
    this.dialog.dataset.callbackId = view.callback_id ?? "";
    this.back.hidden = this.views.length < 2;
    this.title.replaceChildren(textObject(view.title));
    this.note.textContent = this.banner;
    this.note.hidden = !this.banner;
    this.cancel.textContent = textOf(view.close) || (view.submit ? "Cancel" : "Close");
    this.submitButton.hidden = !view.submit;
    this.submitButton.textContent = textOf(view.submit) || "Submit";
    this.submitButton.setAttribute("aria-disabled", String(this.busy));
    this.submitButton.setAttribute("aria-busy", String(this.busy));
    this.body.setAttribute("aria-busy", String(this.busy));
    if (this.body.dataset.view !== view.id) {
      this.body.replaceChildren();
      this.body.dataset.view = view.id;
      this.body.scrollTop = 0;
    }
    reconcile(this.body, blockItems(view.blocks, this.surface(view)));
  }

  focusFirst() {
    const wanted = this.body.querySelector('[data-focus-on-load="true"]') ?? this.body.querySelector("input, textarea");
    (wanted ?? (this.top.submit ? this.submitButton : this.cancel)).focus({ preventScroll: !wanted });
  }

  // A corrected field loses its error at once, without being drawn anew under the fingers.
  edited(block) {
    if (!this.errors[block.block_id]) return;
    delete this.errors[block.block_id];
    const node = this.body.querySelector(`.block[data-block-id="${CSS.escape(block.block_id)}"] .input-block`);
    node?.classList.remove("has-error");
    node?.querySelector(".error")?.replaceChildren();
    node?.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
  }

  missing(view) {
    const errors = {};
    const surface = this.surface(view);
    for (const [block, element] of elementsOf(view.blocks)) {
      if (block.type !== "input") continue;
      const value = valueOf(surface, block, element);
      if (!block.optional && !value.length) errors[block.block_id] = REQUIRED;
      else if (isText(element) && value && value.length < (element.min_length ?? 0)) {
        errors[block.block_id] = `Please enter at least ${element.min_length} characters.`;
      }
    }
    return errors;
  }

  showErrors(errors) {
    this.errors = errors;
    const known = new Set((this.top?.blocks ?? []).map((block) => block.block_id));
    const stray = Object.entries(errors).filter(([id]) => !known.has(id));
    this.banner = stray.map(([, text]) => text).join(" ");
    this.draw();
    this.body.querySelector(".has-error :is(input, textarea)")?.focus();
  }

  async submit() {
    const view = this.top;
    if (this.busy || !view?.submit) return;
    const missing = this.missing(view);
    if (Object.keys(missing).length) {
      this.showErrors(missing);
      return;
    }
    this.errors = {};
    this.banner = "";
    this.busy = true;
    this.draw();
    try {
      this.take(view, await api.submit(view.id, me().id, changedValues(this.surface(view), view.blocks)));
    } catch (error) {
      this.banner = error.message;
    }
    this.busy = false;
    this.draw();
    await this.refresh();
  }

  take(view, answer) {
    if (unanswered(answer)) {
      this.banner = NO_ANSWER;
    } else if (answer.error) {
      this.banner = [answer.message ?? NO_ANSWER, ...(answer.faults ?? [])].join(" ");
    } else if (answer.errors && Object.keys(answer.errors).length) {
      this.showErrors(answer.errors);
    } else if (answer.views) {
      this.busy = false;
      this.update(answer.views);
    }
    if (this.top?.id !== view.id) forget(`v:${view.id}`);
  }

  /** Close the topmost `count` views. */
  async close(count) {
    const view = this.top;
    const all = count >= this.views.length;
    this.update(all || view.clear_on_close ? [] : this.views.slice(0, -count));
    const answer = await orToast(() => api.close(view.id, me().id, all));
    if (answer && unanswered(answer)) toast(NO_ANSWER);
    await this.refresh();
  }
}
