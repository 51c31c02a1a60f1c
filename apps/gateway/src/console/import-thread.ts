/** Entry point of the thread that reads a large workflow file. */
import { parentPort, workerData } from 'node:worker_threads';
import { readImport, type ImportedText } from './read-import.js';

parentPort?.postMessage(readImport(workerData as ImportedText));
