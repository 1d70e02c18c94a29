import { expect, test } from "vitest";
import { isUuid, uuidFromBytes, uuidToBytes } from "../../src/core/uuid";

const TEXT = "00112233-4455-6677-8899-aabbccddeeff";

test("bytes and text are one id in both directions", () => {
  const bytes = uuidToBytes(TEXT);
  expect([...bytes.slice(0, 3), bytes[15]]).toEqual([0x00, 0x11, 0x22, 0xff]);
  expect(uuidFromBytes(bytes)).toBe(TEXT);
  expect(uuidFromBytes([...bytes])).toBe(TEXT);
});

test.each([[[]], [[1, 2, 3]], [new Uint8Array(17)]])("%j is no id", (bytes) => {
  expect(() => uuidFromBytes(bytes)).toThrow(RangeError);
});

test.each(["", "zz112233-4455-6677-8899-aabbccddeeff", `${TEXT}0`])("%s is no id", (text) => {
  expect(isUuid(text)).toBe(false);
  expect(() => uuidToBytes(text)).toThrow(RangeError);
});
