// next.config.ts
export default { serverExternalPackages: ['lockjar'] }
