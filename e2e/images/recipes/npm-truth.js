// Prints name, version and directory of every package that is installed below
// a directory: node_modules/name or node_modules/@scope/name with a
// package.json that has a name and a version.
const fs = require("fs"), path = require("path")

function packageAt(dir) {
  let p
  try { p = JSON.parse(fs.readFileSync(path.join(dir, "package.json"), "utf8")) } catch { return }
  if (p.name && p.version) console.log([p.name, p.version, path.relative(process.argv[2], dir) || "."].join("\t"))
}

function walk(dir) {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    const here = path.join(dir, entry.name)
    if (path.basename(dir) === "node_modules" && entry.name.startsWith("@")) {
      for (const scoped of fs.readdirSync(here, { withFileTypes: true })) if (scoped.isDirectory()) packageAt(path.join(here, scoped.name))
    } else if (path.basename(dir) === "node_modules") packageAt(here)
    walk(here)
  }
}

packageAt(process.argv[2])
walk(process.argv[2])
