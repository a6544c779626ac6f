#!/usr/bin/env node
// The launcher: starts the runtime that the package brings along, whatever Node the machine has. Written in ES5, so that an old Node can
// read it and say something better than a syntax error. Danger prevented: a gateway that dies with its terminal's signal but lives on
// as an orphan, or that a supervisor believes ended while its child still serves.
'use strict'

var path = require('path')
var fs = require('fs')

var LEAST = 24
var SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']
var root = path.join(__dirname, '..', '..')
var built = path.join(root, 'dist', 'main.js')
var source = path.join(root, 'src', 'main.ts')
// a checkout runs its sources, even when a build stands beside them; what is installed under node_modules has only the build,
// and Node strips no types there
var installed = root.split(path.sep).indexOf('node_modules') >= 0
var main = (installed || !fs.existsSync(source)) && fs.existsSync(built) ? built : source

function fail(message) {
  process.stderr.write('greengate: ' + message + '\n')
  process.exit(1)
}

function bundledNode() {
  try {
    var manifest = require.resolve('node-linux-' + process.arch + '/package.json')
    var file = path.join(path.dirname(manifest), 'bin', 'node')
    return fs.existsSync(file) ? file : undefined
  } catch (error) {
    return undefined
  }
}

// Descriptors that systemd hands over begin at 3 and are meant for the process whose number is in LISTEN_PID (sd_listen_fds(3)).
function inherited() {
  return process.env.LISTEN_PID === String(process.pid) ? Number(process.env.LISTEN_FDS) || 0 : 0
}

function launch(node) {
  var stdio = ['inherit', 'inherit', 'inherit']
  var fds = inherited()
  for (var fd = 3; fd < 3 + fds; fd++) stdio.push(fd)
  stdio.push('ipc') // closes when we are gone: the runtime then ends too
  var env = {}
  for (var name in process.env) env[name] = process.env[name]
  env.GREENGATE_LAUNCHER = String(process.pid)
  // glibc keeps what it gave back once: the read buffers of all transfers that were ever under way at once stay resident. From this size on
  // each has pages of its own, which go back to the system. Other allocators read other names.
  if (env.MALLOC_MMAP_THRESHOLD_ === undefined) env.MALLOC_MMAP_THRESHOLD_ = '131072'
  var child = require('child_process').spawn(node, ['--disable-sigusr1', main].concat(process.argv.slice(2)), { stdio: stdio, env: env })
  var forwards = {}
  SIGNALS.forEach(function (signal) {
    forwards[signal] = function () { child.kill(signal) }
    process.on(signal, forwards[signal])
  })
  child.on('error', function (error) { fail('cannot start ' + node + ': ' + error.message) })
  child.on('exit', function (code, signal) {
    if (signal === null) process.exit(code)
    SIGNALS.forEach(function (each) { process.removeListener(each, forwards[each]) })
    process.kill(process.pid, signal)
    setTimeout(function () { process.exit(128) }, 1000) // for a signal that this process was told to ignore
  })
}

if (Number(process.versions.node.split('.')[0]) >= LEAST) {
  require(main)
} else {
  var node = bundledNode()
  if (node === undefined) {
    fail('needs Node ' + LEAST + ' or later, this is ' + process.version + ', and no runtime was installed for ' + process.platform + ' ' + process.arch +
      '\n  install optional dependencies too (`npm ci` without --omit=optional), or run a newer Node')
  }
  launch(node)
}
