/** `npm run lists`: brings the lists of docs/sql.md up to date. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./markdown.ts";
import { sqlDocument, withLists } from "./sql-lists.ts";

const path = join(repositoryRoot, sqlDocument);
writeFileSync(path, withLists(readFileSync(path, "utf8")));
