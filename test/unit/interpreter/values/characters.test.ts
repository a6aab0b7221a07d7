/** Characters of text as SQL counts them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  countCharacters,
  indexOfCharacters,
  reverseCharacters,
  sliceCharacters,
} from "../../../../src/interpreter/values/characters.ts";

const characters = fc.array(fc.constantFrom("a", "b", "ä", "😀", "𝔸"), { maxLength: 8 });

test("text is what its code points are", () => {
  fc.assert(
    fc.property(characters, characters, fc.nat(9), fc.nat(9), (text, sought, from, to) => {
      const [whole, part] = [text.join(""), sought.slice(0, 2).join("")];
      expect(countCharacters(whole)).toBe(text.length);
      expect(sliceCharacters(whole, from, to)).toBe(text.slice(from, to).join(""));
      expect(reverseCharacters(whole)).toBe(text.toReversed().join(""));
      const places = text.flatMap((_, place) =>
        place >= from && text.slice(place).join("").startsWith(part) ? [place] : [],
      );
      expect(indexOfCharacters(whole, part, from)).toBe(part === "" ? 0 : (places[0] ?? -1));
    }),
  );
});
