/**
 * Late and bad rows as they came, read back from the log: a letter has only the columns that its job reads,
 * and the beginning of long texts. Where the log has let go of the record, that is all there is, and not
 * enough to append it again.
 */
import { formatValue } from "../../columnar/values.ts";
import { readValueAt } from "../../kernel/column-batch.ts";
import { type DecodedFrame, FrameDecoder } from "../../kernel/frame-codec.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import { RecordKind } from "../log/records.ts";
import type { PartitionIdentity } from "../partition-types.ts";
import type { Letter } from "./letter.ts";

/** Returns the letters of jobs whole, where that can be had, and others as ones that were cut. */
export function wholeLetters(
  letters: readonly Letter[],
  log: PartitionLog,
  kernel: Kernel,
  { schema }: Pick<PartitionIdentity, "schema">,
): Letter[] {
  const decoder = new FrameDecoder(kernel);
  const columns = schema.columns.map((_, index) => index);
  const whole: Letter[] = [];
  for (const [offset, all] of Map.groupBy(letters, (letter) => letter.offset)) {
    const record = offset < log.firstOffset ? undefined : log.read(offset);
    const isFrame = record?.kind === RecordKind.Frame && all.some(isSourceRow);
    const frame = isFrame ? decoder.decode(record.frame, schema, columns) : undefined;
    const contentOf = (letter: Letter) =>
      frame && isSourceRow(letter) ? readRow(kernel, frame, schema, letter.row) : undefined;
    try {
      for (const letter of all) {
        const content = contentOf(letter);
        whole.push(content ? { ...letter, content, isCut: false } : { ...letter, isCut: true });
      }
    } finally {
      frame?.release();
    }
  }
  return whole;
}

/** Rows of a dataflow's chain are what was made of a source's; they have values without names. */
function isSourceRow({ content }: Letter): boolean {
  return !Array.isArray(content.values);
}

function readRow(
  kernel: Kernel,
  { batch }: DecodedFrame,
  { columns }: PartitionIdentity["schema"],
  row: number,
): Record<string, unknown> | undefined {
  if (row >= batch.rows) return undefined;
  const values = columns.map(({ name, type }, index) => {
    return [name, formatValue(readValueAt(kernel.memory, batch, index, row), type)] as const;
  });
  return Object.fromEntries(values);
}
