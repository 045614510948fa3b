// The server: its code as built, or else its sources. Plain JavaScript: of a start, the first line of TypeScript costs
// a tenth.
import { builtProgram } from './built-program.mjs';

await import(builtProgram() ?? '../src/main.ts');
