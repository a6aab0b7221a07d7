/** `npm run lists`: brings the lists of docs/sql.md and the table of docs/limits.md up to date. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { limitsDocument, withLimits } from "./limits.ts";
import { repositoryRoot } from "./markdown.ts";
import { sqlDocument, withLists } from "./sql-lists.ts";

const read = (path: string) => readFileSync(join(repositoryRoot, path), "utf8");
const write = (path: string, text: string) => writeFileSync(join(repositoryRoot, path), text);

write(sqlDocument, withLists(read(sqlDocument)));
write(limitsDocument, withLimits(read(limitsDocument), read("src/base/limits.ts")));
