//! Keeping free units of a location for a group by hand, and giving them up again: what is kept changes by so many units.
//!
//! The verbs of D365 inventory allocation (domain.md 2.5). What is allocated to a group is what is kept for it and not consumed;
//! it is consumed by reserving for a demand of the group.

use crate::allocation::group::protection::OutsideProtection;
use crate::ids::LocationId;
use crate::quantity::Quantity;
use crate::stock::book::ItemBook;
use crate::stock::context::CommandContext;
use crate::stock::error::{StockError, check_quantity, minus, plus};
use crate::stock::state::StockState;

use super::{ItemGroups, LocationProtections, ProtectionGroup};

impl ItemBook {
    /// Takes units from what is kept for one group, or from what is free and kept for nobody, and keeps them for another, or for
    /// nobody. `None` is nobody. A group for which nothing was kept there becomes a peer of the others. Answers the version of
    /// the rules.
    ///
    /// Needs loaded: all locations of the item.
    ///
    /// # Errors
    /// [`StockError::InsufficientStock`] when fewer units are kept for the one, or free and kept for nobody.
    pub fn move_kept(
        &mut self,
        ctx: &CommandContext,
        at: &LocationId,
        from: Option<&[String]>,
        to: Option<&[String]>,
        units: Quantity,
    ) -> Result<i64, StockError> {
        check_quantity(units)?;
        let there = match from {
            Some(values) => self.kept_for(at, values),
            None => self.allocatable(at)?,
        };
        if there < units {
            let (location, state) = (at.clone(), StockState::Available);
            return Err(StockError::InsufficientStock { location, state, asked: units, there });
        }
        let mut rules = self.group_rules().cloned().unwrap_or_default();
        if let Some(values) = from {
            let group = group_mut(&mut rules, at, values);
            group.protected = minus(group.protected, units, "units kept for a group")?;
        }
        if let Some(values) = to {
            let group = group_mut(&mut rules, at, values);
            group.protected = plus(group.protected, units)?;
        }
        self.put_groups(ctx, &rules, None)
    }

    /// Units of a location that are free and kept for nobody.
    ///
    /// # Errors
    /// [`StockError::NotLoaded`] when the location was not loaded.
    pub fn allocatable(&self, at: &LocationId) -> Result<Quantity, StockError> {
        let kept = self.groups.as_ref().map(|groups| groups.limits.kept(at)).unwrap_or_default();
        Ok(self.position(at)?.available.saturating_sub(kept))
    }

    /// Units of a location that are kept for a group and not consumed.
    #[must_use]
    pub fn kept_for(&self, at: &LocationId, values: &[String]) -> Quantity {
        self.groups.as_ref().map(|groups| groups.limits.kept_for(at, values)).unwrap_or_default()
    }
}

/// What is kept for a group at a location; nothing where nothing was.
fn group_mut<'r>(rules: &'r mut ItemGroups, at: &LocationId, values: &[String]) -> &'r mut ProtectionGroup {
    let place = rules.protections.iter().position(|there| there.location == *at).unwrap_or_else(|| {
        let (location, outside) = (at.clone(), OutsideProtection::AllProtections);
        rules.protections.push(LocationProtections { location, outside, groups: Vec::new() });
        rules.protections.len() - 1
    });
    let groups = &mut rules.protections[place].groups;
    let number = groups.iter().position(|group| group.values == values).unwrap_or_else(|| {
        let (values, protected) = (values.to_vec(), Quantity::ZERO);
        groups.push(ProtectionGroup { values, core: 0, priority: 0, protected });
        groups.len() - 1
    });
    &mut groups[number]
}
