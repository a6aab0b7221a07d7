import { expect, test } from "vitest";
import { SharedAlarm } from "../../../src/cloudflare/shared-alarm.ts";

test("all who share an alarm are woken at the earliest time that one of them wants", () => {
  const times: number[] = [];
  const alarm = new SharedAlarm((at) => times.push(at));
  alarm.set("host", 50);
  alarm.set("holders", 70);
  alarm.set("holders", 30);
  alarm.set("host", 40);
  alarm.set("holders", 90);
  alarm.fired();
  alarm.set("holders", 90);
  expect(times).toEqual([50, 50, 30, 30, 40, 90]);
});
