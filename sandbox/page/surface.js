// Surfaces: what a drawn message or view can do, and what is wrong on it.

import { api } from "./api.js";
import { me, world } from "./directory.js";
import { toast } from "./layer.js";
import { unsentInputs } from "./values.js";

const warnings = new Map();

/** Whether the app was asked and did not acknowledge in time. */
export const unanswered = (answer) => answer.sent !== false && answer.acknowledged === false;

/**
 * @param {object} spec
 * @param {string} spec.key
 * @param {object} spec.container as the API names it
 * @param {any[]} [spec.blocks]
 * @param {object} [spec.state] values as the server knows them
 * @param {() => Promise<void>} spec.refresh ask the server what changed
 * @param {() => void} spec.redraw draw again what is known
 * @param {Record<string, string>} [spec.errors] by block_id
 * @param {(block: object) => void} [spec.onEdit]
 */
export function makeSurface({ key, container, blocks, state, refresh, redraw, errors = {}, onEdit = () => {} }) {
  const warningKey = (block) => `${key}|${block.block_id}`;
  const call = (block, element, value) => {
    const body = { user: me().id, container, block_id: block.block_id, action_id: element.action_id };
    return api.act(value === undefined ? body : { ...body, value });
  };
  const surface = {
    key,
    state,
    problem: (block) => ({ error: errors[block.block_id], warning: warnings.get(warningKey(block)) }),
    edited: onEdit,
    async suggest(block, element, query) {
      const answer = await api.suggest({ user: me().id, container, block_id: block.block_id, action_id: element.action_id, query });
      if (unanswered(answer) || answer.error) throw new Error(`Options could not be loaded (${answer.error ?? "operation_timeout"}).`);
      return answer;
    },
    async act(block, element, value) {
      warnings.delete(warningKey(block));
      try {
        // As in Slack, the app sees with a click what stands in the other fields.
        for (const [other, field, typed] of unsentInputs(surface, blocks, element)) await call(other, field, typed);
        const answer = await call(block, element, value);
        if (unanswered(answer)) warnings.set(warningKey(block), excuse(answer));
      } catch (error) {
        if (error.code === "element_not_found") toast("This has changed meanwhile. Look at it again.", "info");
        else toast(error.message);
      }
      redraw();
      await refresh();
    },
  };
  return surface;
}

function excuse(answer) {
  const name = world().bot?.name ?? "The app";
  if (answer.error === "dispatch_failed") return `${name} is not connected, so this did nothing (dispatch_failed). Try again later.`;
  return `${name} did not respond in time (${answer.error ?? "operation_timeout"}). Try again.`;
}
