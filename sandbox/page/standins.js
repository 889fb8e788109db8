// The bot's links lead to the real HubSpot and Salesforce; here they lead to the stand-ins.

import { me } from "./directory.js";

const PAGES = [
  [/^\/integrations-settings\//, "hubspot"],
  [/^\/lightning\/setup\/ImportedPackage\//, "salesforce"],
];

/**
 * Where a link goes in the sandbox; all links to one stand-in share a tab.
 * @param {string} href
 * @returns {{href: string, target: string, rel?: string}} attributes of the link
 */
export function standIn(href) {
  const path = URL.canParse(href, location.href) ? new URL(href, location.href).pathname : "";
  const page = PAGES.find(([pattern]) => pattern.test(path))?.[1];
  if (!page) return { href, target: "_blank", rel: "noopener noreferrer" };
  return { href: `/${page}?as=${encodeURIComponent(me().id)}`, target: `sandbox-${page}` };
}
