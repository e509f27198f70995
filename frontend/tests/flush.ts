/** Let everything that waits for an answer go on. */
export const flushPromises = () => new Promise<void>((resolve) => setTimeout(resolve))
