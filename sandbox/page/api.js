// The sandbox's JSON API (sandbox/README.md), same origin.

/** A call that the sandbox refused, or that did not reach it (`code` is then "unreachable"). */
export class ApiError extends Error {
  constructor(code, message, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/**
 * Call the API.
 * @param {"GET"|"POST"|"DELETE"} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>} the answer's JSON
 * @throws {ApiError}
 */
export function call(method, path, body) {
  return send(method, path, body && JSON.stringify(body), "application/json");
}

async function send(method, path, body, type) {
  let response;
  try {
    response = await fetch(path, { method, body, headers: body ? { "Content-Type": type } : {} });
  } catch {
    throw new ApiError("unreachable", "The sandbox does not answer. Is it still running?", 0);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer?.ok === false) {
    const code = answer?.error ?? `http_${response.status}`;
    throw new ApiError(code, answer?.message ?? `The sandbox refused this (${code}).`, response.status);
  }
  return answer;
}

const seg = encodeURIComponent;

export const api = {
  state: () => call("GET", "/sandbox/state"),
  messages: (channel, viewer) =>
    call("GET", `/sandbox/channels/${seg(channel)}/messages?viewer=${seg(viewer)}`),
  thread: (channel, ts, viewer) =>
    call("GET", `/sandbox/channels/${seg(channel)}/threads/${seg(ts)}?viewer=${seg(viewer)}`),
  home: (user, again) => call("GET", `/sandbox/people/${seg(user)}/home${again ? "?look=1" : ""}`),
  views: (user) => call("GET", `/sandbox/people/${seg(user)}/views`),
  command: (user, channel, text) => call("POST", "/sandbox/command", { user, channel, text }),
  message: (user, channel, text, thread_ts) =>
    call("POST", "/sandbox/message", { user, channel, text, ...(thread_ts ? { thread_ts } : {}) }),
  act: (body) => call("POST", "/sandbox/act", body),
  suggest: (body) => call("POST", "/sandbox/suggest", body),
  submit: (view, user, values) => call("POST", `/sandbox/views/${seg(view)}/submit`, { user, values }),
  close: (view, user, all) => call("POST", `/sandbox/views/${seg(view)}/close`, { user, all }),
  upload: (user, file) => send("POST", `/sandbox/files?user=${seg(user)}&name=${seg(file.name)}`, file, "application/octet-stream"),
  advance: (seconds) => call("POST", "/sandbox/clock", { advance: seconds }),
  hubspot: () => call("GET", "/sandbox/hubspot"),
  records: (object, owner, limit) =>
    call("GET", `/sandbox/hubspot/records?object=${seg(object)}&owner=${seg(owner)}&limit=${limit}`),
  disconnect: (user, reason, phrase) =>
    call("POST", "/sandbox/hubspot/disconnect", { user, reason, phrase }),
  deleteOwners: (user) => call("POST", "/sandbox/hubspot/delete-salesforce-owners", { user }),
  salesforce: () => call("GET", "/sandbox/salesforce"),
  uninstall: (user, keep_copy, consent) =>
    call("POST", "/sandbox/salesforce/uninstall", { user, keep_copy, consent }),
  resolveBlocker: (id) => call("POST", "/sandbox/salesforce/resolve-blocker", { id }),
};

/**
 * Call `refresh` after each visible change, one at a time, never two at once.
 * @param {() => Promise<void>} refresh
 * @param {(online: boolean) => void} onLine
 * @returns {() => Promise<void>} refresh now
 */
export function watch(refresh, onLine) {
  let running = null;
  let again = false;
  const run = () => {
    if (running) {
      again = true;
      return running;
    }
    running = (async () => {
      do {
        again = false;
        await refresh();
      } while (again);
    })().finally(() => {
      running = null;
    });
    return running;
  };
  const source = new EventSource("/sandbox/changes");
  source.onmessage = run;
  source.onopen = () => {
    onLine(true);
    run();
  };
  source.onerror = () => onLine(false);
  return run;
}
