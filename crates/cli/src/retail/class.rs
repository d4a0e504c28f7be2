//! The classes that a row can fall into, in the order in which they are tried. The first that matches wins.

/// What a row is. The order of [`RowClass::ALL`] is the order in which the classes are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowClass {
    /// A field is missing or cannot be read.
    Unreadable,
    /// Every field equals those of an earlier row of the same document.
    ExactDuplicate,
    /// The document was closed: its other rows stand more than five minutes earlier in the file.
    LateForItsInvoice,
    /// An `A…` document: bookkeeping, not trade.
    AccountingAdjustment,
    /// A `C…` document's row for a code that is not goods.
    ReversalOfNonGoods,
    /// A `C…` document's row whose quantity is not negative.
    ReversalNotNegative,
    /// A reversal whose units were all found in earlier sales.
    ReversalMatched,
    /// A reversal of which only some units were found in earlier sales.
    ReversalMatchedInPart,
    /// A reversal without a customer: there is no way to find its sale.
    ReversalWithoutCustomer,
    /// A reversal for which no earlier sale with units left exists.
    ReversalUnmatched,
    /// A negative quantity that is not a reversal: damage, loss, "check".
    NegativeWriteOff,
    /// A code that is not goods: postage, fees, vouchers.
    NonGoodsCode,
    /// A quantity of zero.
    ZeroQuantity,
    /// A price of zero or below: stock found, samples, corrections.
    PriceNotPositive,
    /// A sale of goods: it becomes an order line.
    CleanSaleLine,
}

impl RowClass {
    /// All classes in the order in which they are tried.
    pub const ALL: [Self; 15] = [
        Self::Unreadable,
        Self::ExactDuplicate,
        Self::LateForItsInvoice,
        Self::AccountingAdjustment,
        Self::ReversalOfNonGoods,
        Self::ReversalNotNegative,
        Self::ReversalMatched,
        Self::ReversalMatchedInPart,
        Self::ReversalWithoutCustomer,
        Self::ReversalUnmatched,
        Self::NegativeWriteOff,
        Self::NonGoodsCode,
        Self::ZeroQuantity,
        Self::PriceNotPositive,
        Self::CleanSaleLine,
    ];

    /// The class's key in JSON.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::ExactDuplicate => "exact_duplicate",
            Self::LateForItsInvoice => "late_for_its_invoice",
            Self::AccountingAdjustment => "accounting_adjustment",
            Self::ReversalOfNonGoods => "reversal_of_non_goods",
            Self::ReversalNotNegative => "reversal_not_negative",
            Self::ReversalMatched => "reversal_matched",
            Self::ReversalMatchedInPart => "reversal_matched_in_part",
            Self::ReversalWithoutCustomer => "reversal_without_customer",
            Self::ReversalUnmatched => "reversal_unmatched",
            Self::NegativeWriteOff => "negative_write_off",
            Self::NonGoodsCode => "non_goods_code",
            Self::ZeroQuantity => "zero_quantity",
            Self::PriceNotPositive => "price_not_positive",
            Self::CleanSaleLine => "clean_sale_line",
        }
    }

    /// The rule in words, as the report prints it.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Unreadable => "a field is missing or cannot be read",
            Self::ExactDuplicate => "all eight fields equal an earlier row of the same document: refused",
            Self::LateForItsInvoice => "its document ended more than 5 minutes earlier in the file: refused",
            Self::AccountingAdjustment => "InvoiceNo starts with A: bookkeeping, refused",
            Self::ReversalOfNonGoods => "InvoiceNo starts with C, the code is not goods: refused",
            Self::ReversalNotNegative => "InvoiceNo starts with C, the quantity is not negative: refused",
            Self::ReversalMatched => "InvoiceNo starts with C, every unit found in earlier sales: applied",
            Self::ReversalMatchedInPart => "InvoiceNo starts with C, some units found in earlier sales: these applied",
            Self::ReversalWithoutCustomer => "InvoiceNo starts with C, no CustomerID to find the sale by: refused",
            Self::ReversalUnmatched => "InvoiceNo starts with C, no earlier sale with units left: refused",
            Self::NegativeWriteOff => "the quantity is negative and it is no reversal: refused",
            Self::NonGoodsCode => "the code is not goods (postage, fee, voucher): refused",
            Self::ZeroQuantity => "the quantity is zero: refused",
            Self::PriceNotPositive => "the price is zero or below: refused",
            Self::CleanSaleLine => "everything else: an order line",
        }
    }

    /// Whether the row has an effect in the system.
    #[must_use]
    pub const fn is_applied(self) -> bool {
        matches!(self, Self::CleanSaleLine | Self::ReversalMatched | Self::ReversalMatchedInPart)
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// How many rows fell into each class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassCounts([u64; RowClass::ALL.len()]);

impl ClassCounts {
    /// Counts one more row of the class.
    pub const fn add(&mut self, class: RowClass) {
        self.0[class.index()] += 1;
    }

    /// The rows of one class.
    #[must_use]
    pub const fn of(&self, class: RowClass) -> u64 {
        self.0[class.index()]
    }

    /// The rows of all classes: every row that was read.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_list_is_in_the_order_of_the_classes() {
        for (position, class) in RowClass::ALL.into_iter().enumerate() {
            assert_eq!(class.index(), position);
        }
    }

    #[test]
    fn classes_sum_to_the_rows() {
        let mut counts = ClassCounts::default();
        counts.add(RowClass::CleanSaleLine);
        counts.add(RowClass::CleanSaleLine);
        counts.add(RowClass::ExactDuplicate);
        assert_eq!((counts.of(RowClass::CleanSaleLine), counts.total()), (2, 3));
    }
}
