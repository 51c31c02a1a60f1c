/**
 * What a node needs of Millrace itself cannot be reached now. Says nothing about the node: it runs again when the outage is over,
 * and neither its retries nor its error strategy hear of it.
 */
export class Outage extends Error {
  override readonly name = 'Outage';
}
