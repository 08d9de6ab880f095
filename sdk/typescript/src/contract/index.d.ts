/// <reference path="./types.d.ts" />
/// <reference path="./host.d.ts" />
/// <reference path="./egress.d.ts" />
/// <reference path="./ingress.d.ts" />
/// <reference path="./http-adapter.d.ts" />
/// <reference path="./process-adapter.d.ts" />
export {};
