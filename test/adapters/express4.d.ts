// There are no types for the alias under which Express 4 is installed beside Express 5.
declare module 'express4' {
  import express from 'express'
  export default express
}
