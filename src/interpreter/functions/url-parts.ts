/**
 * A URL taken apart as Java's `URL` does it: nothing is decoded, and only some protocols are known.
 */
export interface UrlParts {
  readonly protocol: string;
  readonly authority: string | null;
  readonly userInfo: string | null;
  readonly host: string;
  readonly path: string;
  readonly query: string | null;
  readonly reference: string | null;
}

const protocols: readonly string[] = Object.freeze("http https ftp file mailto jar jmod jrt".split(" "));

/** Returns the parts; undefined where Java has no such URL. */
export function parseUrl(text: string): UrlParts | undefined {
  // Java trims all characters up to the space.
  const trimmed = text.replaceAll(/^[\0- ]+|[\0- ]+$/g, "").replace(/^url:/i, "");
  const [, written = "", rest = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(trimmed) ?? [];
  const protocol = written.toLowerCase();
  if (!protocols.includes(protocol) || (protocol === "jar" && !rest.includes("!/"))) return undefined;
  const [, body = "", reference] = /^([^#]*)(?:#(.*))?$/s.exec(rest) ?? [];
  const [, address = "", query] = /^([^?]*)(?:\?(.*))?$/s.exec(body) ?? [];
  const [, authority, path = ""] = /^(?:\/\/([^/]*))?(.*)$/s.exec(address) ?? [];
  const named = authority === undefined ? undefined : parseAuthority(authority);
  if (authority !== undefined && !named) return undefined;
  return {
    protocol,
    authority: authority ?? null,
    userInfo: named?.userInfo ?? null,
    host: named?.host ?? "",
    path,
    query: query ?? null,
    reference: reference ?? null,
  };
}

/** `user@host:port`; undefined where the port is none, or a host in brackets is no IPv6 address. */
function parseAuthority(authority: string) {
  const at = authority.indexOf("@");
  const isTwice = at !== authority.lastIndexOf("@");
  if (isTwice) return { userInfo: null, host: "" };
  const address = authority.slice(at + 1);
  const match = /^(\[[\da-fA-F:.%\w]+\]|[^:[]*)(?::(\d*))?$/.exec(address);
  if (!match) return undefined;
  return { userInfo: at < 0 ? null : authority.slice(0, at), host: match[1] ?? "" };
}

/** Returns a part by Java's name of it; null where it is not there, or there is no such part. */
export function urlPart(url: UrlParts, name: string): string | null {
  switch (name) {
    case "HOST":
      return url.host;
    case "PATH":
      return url.path;
    case "QUERY":
      return url.query;
    case "REF":
      return url.reference;
    case "PROTOCOL":
      return url.protocol;
    case "FILE":
      return url.query === null ? url.path : `${url.path}?${url.query}`;
    case "AUTHORITY":
      return url.authority;
    case "USERINFO":
      return url.userInfo;
    default:
      return null;
  }
}
