import fc from "fast-check"; import { Command } from "@commander-js/extra-typings"; console.log(typeof fc.assert, typeof Command);
