// Ends what test-services.mjs started (jest's globalTeardown).
export default async function endTestServices() {
  await Promise.all(globalThis.testServices.map((server) => server.close()));
}
