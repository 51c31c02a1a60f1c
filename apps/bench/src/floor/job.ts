/** Data of a floor job: what BullMQ alone has to carry. */
export interface FloorJob {
  /** Id of the run. */
  id: string;
  text: string;
  /** Stream of the API process that waits for the answer. */
  reply: string;
}

export const floorQueue = 'floor';
