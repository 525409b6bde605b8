console.log('about to fail')
throw new Error('the application failed')
