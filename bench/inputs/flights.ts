/**
 * The US flights of the package vega-datasets, 2001: three million in Parquet, twenty thousand in JSON.
 *
 * Both are in order of time, to the minute. The Parquet file becomes records of the form that the JSON has:
 *
 *     {"date":"2001/01/01 00:47","delay":66,"distance":1750,"origin":"DTW","destination":"LAS"}
 */
import { readFileSync } from "node:fs";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { repositoryRoot } from "../harness/machine.ts";

export interface Flight {
  readonly date: string;
  readonly delay: number | null;
  readonly distance: number | null;
  readonly origin: string;
  readonly destination: string;
}

export const flightColumns = [
  { name: "date", type: "TIMESTAMP(3)", nullable: false },
  { name: "delay", type: "INT" },
  { name: "distance", type: "INT" },
  { name: "origin", type: "STRING" },
  { name: "destination", type: "STRING" },
] as const;

const folder = `${repositoryRoot}/node_modules/vega-datasets/data`;

export const flights20kPath = `${folder}/flights-20k.json`;

export function readFlights20k(): Flight[] {
  return JSON.parse(readFileSync(flights20kPath, "utf8")) as Flight[];
}

/** Reads the first `countMax` of the three million, a group of rows at a time. */
export async function* readFlights3m(countMax = Number.POSITIVE_INFINITY): AsyncGenerator<Flight[]> {
  const file = await asyncBufferFromFile(`${folder}/flights-3m.parquet`);
  const metadata = await parquetMetadataAsync(file);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = Math.min(rowStart + Number(group.num_rows), countMax);
    if (rowEnd <= rowStart) return;
    const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
    yield rows.map(flightOf);
    rowStart += Number(group.num_rows);
  }
}

function flightOf(row: Record<string, unknown>): Flight {
  const numberOf = (value: unknown) => (value === null || value === undefined ? null : Number(value));
  return {
    date: (row.date as Date).toISOString().slice(0, 16).replaceAll("-", "/").replace("T", " "),
    delay: numberOf(row.delay),
    distance: numberOf(row.distance),
    origin: String(row.origin),
    destination: String(row.destination),
  };
}
