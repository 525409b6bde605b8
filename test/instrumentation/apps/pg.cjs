const { Pool } = require('pg')

const pool = new Pool({ connectionString: process.env.APP_DATABASE_URL })
pool.query('select $1::int + 1 as answer', [41]).then(async ({ rows }) => {
  console.log(rows[0].answer)
  await pool.end()
})
