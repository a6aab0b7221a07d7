/** Who runs statements in tests that are about something else: somebody who may do everything. */
import { Caller } from "../../src/host/access/caller.ts";
import type { SqlPorts } from "../../src/host/sql/sql-ports.ts";

export const administrator: Pick<SqlPorts, "caller" | "audit"> = {
  caller: new Caller({ tokenId: "default", name: "tests", scopes: ["admin"] }),
  audit: async () => {},
};
