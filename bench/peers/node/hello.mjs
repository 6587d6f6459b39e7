// Hello world: sleeps a millisecond, says hello, ends.
await new Promise(resolve => setTimeout(resolve, 1));
console.log('hello');
