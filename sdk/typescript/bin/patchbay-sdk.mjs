#!/usr/bin/env node
// The command is TypeScript too; tsx lets node read it.
import { register } from "tsx/esm/api";

register();
const { main } = await import("../build/main.ts");
process.exitCode = await main(process.argv.slice(2));
