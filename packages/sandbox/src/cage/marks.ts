/** What a module whose writes are tracked (`trackWrites`) and those who read its marks agree on. */

/** The export of a rewritten module that holds the marks: a memory with one byte per block, not 0 when it was written. */
export const marksName = 'millrace_marks';
/** Blocks are of `2 ** blockShift` bytes. */
export const blockShift = 12;
export const blockBytes = 1 << blockShift;
/**
 * What is marked is the block of a store's address without its offset, as long as that is small: one mark serves all fields of a
 * structure. Whoever reads marks takes so much of the next block with it.
 */
export const overhangBytes = 1024;
/** The largest of the small ones: the longest write is of 16 bytes. */
export const largestSmallOffset = overhangBytes - 16;

/** The number of the memory with the marks. */
export const marksMemory = 1;

/** Instructions that mark the block of the address on the stack. Stores a byte of 1 in the second memory. */
export const markBlock: readonly number[] = [0x41, blockShift, 0x76, 0x41, 1, 0x3a, 0x40, marksMemory, 0];
