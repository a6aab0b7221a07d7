/**
 * The powers of ten from 10^-342 to 10^308 as 128-bit significands, rounded down and with the highest bit
 * set.
 *
 * They are computed when the first number needs them (about 0.1 ms), which is smaller than storing them.
 * 5^n is kept exactly in words of 32 bits; 5^-n is floor(2^960 / 5^n), and dividing step by step by 5 gives
 * exactly that, since floors of floors of quotients are floors of the quotient.
 */
const POWER_MIN: i32 = -342;
const POWER_MAX: i32 = 308;
const WORDS: i32 = 31;

/** A pair of u64 per power: low, high. */
const powers = memory.data(651 * 16, 16);
/** Four words of zeros lie below the number, so that its highest 128 bits can always be read. */
const scratch = memory.data((4 + 31) * 4, 16);
let isFilled = false;

/** Returns the address of the pair for 10^exponent, which is from -342 to 308. */
export function powerOfTen(exponent: i32): usize {
  if (!isFilled) fill();
  return powers + (<usize>(exponent - POWER_MIN) << 4);
}

function fill(): void {
  isFilled = true;
  const number = scratch + 16;
  memory.fill(scratch, 0, (4 + WORDS) * 4);
  store<u32>(number, 1);
  for (let exponent: i32 = 0; exponent <= POWER_MAX; exponent++) {
    highestBits(number, powers + (<usize>(exponent - POWER_MIN) << 4));
    let carry: u64 = 0;
    for (let word: i32 = 0; word < WORDS; word++) {
      const product = <u64>load<u32>(number + (word << 2)) * 5 + carry;
      store<u32>(number + (word << 2), <u32>product);
      carry = product >> 32;
    }
  }
  memory.fill(scratch, 0, (4 + WORDS) * 4);
  store<u32>(number + (30 << 2), 1);
  for (let exponent: i32 = -1; exponent >= POWER_MIN; exponent--) {
    let remainder: u64 = 0;
    for (let word: i32 = WORDS - 1; word >= 0; word--) {
      const dividend = (remainder << 32) | <u64>load<u32>(number + (word << 2));
      store<u32>(number + (word << 2), <u32>(dividend / 5));
      remainder = dividend % 5;
    }
    highestBits(number, powers + (<usize>(exponent - POWER_MIN) << 4));
  }
}

/** Stores the highest 128 bits of the number, its highest set bit first. */
function highestBits(number: usize, target: usize): void {
  let top = number + ((WORDS - 1) << 2);
  while (load<u32>(top) == 0) top -= 4;
  const shift = <u64>clz(load<u32>(top));
  const high = pairAt(top);
  const middle = pairAt(top - 8);
  const low = <u64>load<u32>(top - 16);
  store<u64>(target, (middle << shift) | (low >> (32 - shift)));
  store<u64>(target, (high << shift) | ((middle >> 1) >> (63 - shift)), 8);
}

@inline
function pairAt(top: usize): u64 {
  return (<u64>load<u32>(top) << 32) | <u64>load<u32>(top - 4);
}
