// A peer of the bridge, as tests/peers/README.md has it, in JavaScript with zeromq.js.
"use strict"
const readline = require("readline")
const zmq = require("zeromq")

const types = {
    req: zmq.Request, rep: zmq.Reply, push: zmq.Push, pull: zmq.Pull, pub: zmq.Publisher, sub: zmq.Subscriber,
}

function message(number) {
    return [number % 2 ? "odd" : "even", `${number}:` + "x".repeat((number * 37) % 600), ""]
}

function show(frames) {
    console.log(frames.join("|"))
}

async function send(socket, role, input) {
    for await (const line of input) {
        await socket.send(message(Number(line)))
        if (role === "req") show(await socket.receive())
    }
}

async function receive(socket, role, input) {
    const ended = new Promise((resolve) => input.once("close", resolve))
    let last = false
    while (!last) {
        const frames = await socket.receive()
        show(frames)
        if (role === "rep") await socket.send(["reply", ...frames.slice(1)])
        last = frames[1].toString().startsWith("0:")
    }
    await ended
}

async function main(role, address) {
    const socket = new types[role]()
    socket.connect(address)
    if (role === "sub") socket.subscribe("even")
    console.log("connected")
    const input = readline.createInterface({input: process.stdin})
    await (["req", "push", "pub"].includes(role) ? send : receive)(socket, role, input)
    socket.close()
}

main(...process.argv.slice(2)).catch((error) => {
    console.error(error)
    process.exit(1)
})
