import assert from "node:assert/strict";
import { test } from "node:test";

import { JsonNumber, parseJson, writeJson } from "patchbay-sdk";
import { chatCases } from "patchbay-sdk/testing";

import { writeExactly } from "../src/json.ts";

test("numbers keep their digits", () => {
  for (const text of [
    '{"seed":9007199254740993,"t":1.0}',
    "[1e400,-0.10,1E2]",
    '{"a":"\\"1.0","b":[0.1234567890123456789,{"c":[]}]}',
    '{"__proto__":{"x":1.50}}',
    "12345678901234567890",
  ]) {
    assert.equal(writeExactly(parseJson(text)), text);
  }
});

test("a number that fits is a number, another is its text", () => {
  const value = parseJson('{"small":7,"large":9007199254740993}') as Record<string, unknown>;
  assert.equal(value["small"], 7);
  assert.ok(value["large"] instanceof JsonNumber);
  assert.equal(value["large"].source, "9007199254740993");
});

test("blanks, escapes and empty values are read the slow way too", () => {
  const text = ' { "a" : [ ] , "b\\\\" : { } , "c" : [ true , null , "\\u00e9\\\\" , 1.0 ] } ';
  assert.equal(writeExactly(parseJson(text)), '{"a":[],"b\\\\":{},"c":[true,null,"é\\\\",1.0]}');
});

test("both ways to write agree", () => {
  for (const { name, request } of chatCases().filter((it) => it.name !== "large_numbers")) {
    assert.equal(writeExactly(request), JSON.stringify(request), name);
    assert.equal(writeJson(request), JSON.stringify(request), name);
  }
});

test("what is not JSON is a syntax error", () => {
  for (const text of ["", "{", "[1.0", '{"a":1.0,}', "01"]) {
    assert.throws(() => parseJson(text), SyntaxError, text);
  }
});
